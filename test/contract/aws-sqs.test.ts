import { ServedSqsFillQueue } from '../../functions/aws/sqs/fill-queue.ts';
import { startSqsServer } from '../standins/sqs/sqs-server.ts';
import { fillQueues, sqsService } from '../standins/sqs/sqs-service.ts';
import { describeFillQueueContract } from './fill-queue-contract.ts';

describeFillQueueContract('sqs', async () => {
  const server = await startSqsServer();
  const queueUrl = server.createQueue('fills');
  const open = () => {
    const service = sqsService(server.endpoint);
    const ignored = { onGivenUp: () => undefined, onProblem: () => undefined };
    return { service, queue: new ServedSqsFillQueue(fillQueues(service, queueUrl), ignored) };
  };
  let current = open();
  return {
    store: current.queue,
    reopen: async () => {
      await current.queue.stop();
      current.service.close();
      current = open();
      return current.queue;
    },
    close: async () => {
      await current.queue.stop();
      current.service.close();
      await server.close();
    },
  };
});
