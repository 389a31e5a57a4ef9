import { describeBlobStoreContract } from './blob-store-contract.ts';
import { openEmbedded } from './embedded-folder.ts';
import { describeFillQueueContract } from './fill-queue-contract.ts';
import { describeLeasesContract } from './leases-contract.ts';
import { describeLedgerContract } from './ledger-contract.ts';
import { describeManifestStoreContract } from './manifest-store-contract.ts';

describeManifestStoreContract('embedded', () => openEmbedded((store) => store.manifests));
describeBlobStoreContract('embedded', () => openEmbedded((store) => store.blobs), {
  follow: true,
});
describeLeasesContract('embedded', () => openEmbedded((store) => store.leases), 'one process');
describeLedgerContract('embedded', () => openEmbedded((store) => store.ledger));
describeFillQueueContract('embedded', () => openEmbedded((store) => store.queue));
