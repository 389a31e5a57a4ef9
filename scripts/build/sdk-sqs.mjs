export { ChangeMessageVisibilityCommand } from '../../node_modules/@aws-sdk/client-sqs/dist-es/commands/ChangeMessageVisibilityCommand.js';
export { DeleteMessageCommand } from '../../node_modules/@aws-sdk/client-sqs/dist-es/commands/DeleteMessageCommand.js';
export { ReceiveMessageCommand } from '../../node_modules/@aws-sdk/client-sqs/dist-es/commands/ReceiveMessageCommand.js';
export { SendMessageBatchCommand } from '../../node_modules/@aws-sdk/client-sqs/dist-es/commands/SendMessageBatchCommand.js';
export { SendMessageCommand } from '../../node_modules/@aws-sdk/client-sqs/dist-es/commands/SendMessageCommand.js';
export { SQSClient } from '../../node_modules/@aws-sdk/client-sqs/dist-es/SQSClient.js';
