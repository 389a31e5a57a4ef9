export { GetSecretValueCommand } from '../../node_modules/@aws-sdk/client-secrets-manager/dist-es/commands/GetSecretValueCommand.js';
export { SecretsManagerClient } from '../../node_modules/@aws-sdk/client-secrets-manager/dist-es/SecretsManagerClient.js';
