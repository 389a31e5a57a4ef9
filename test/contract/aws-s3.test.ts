import { openS3Store } from '../standins/s3/open-s3-store.ts';
import { describePauseContract } from './blob-pause-contract.ts';
import { describeBlobStoreContract } from './blob-store-contract.ts';

describeBlobStoreContract('S3', () => openS3Store(), { follow: false });
describePauseContract('S3', () => openS3Store());
