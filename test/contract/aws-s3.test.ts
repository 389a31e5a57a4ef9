import { openS3Store } from '../standins/s3/open-s3-store.ts';
import { describePauseContract } from './blob-pause-contract.ts';
import { describeBlobStoreContract } from './blob-store-contract.ts';
import { describeCondemnationContract } from './condemnation-contract.ts';

describeBlobStoreContract('S3', () => openS3Store(), { follow: false });
describePauseContract('S3', () => openS3Store());

describeCondemnationContract('S3', async () => {
  let now = Date.now();
  const opened = await openS3Store(() => now);
  const pass = (milliseconds: number) => {
    now += milliseconds;
  };
  return { ...opened, now: () => now, pass };
});
