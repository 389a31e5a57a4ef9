import { repositoryKey } from '../../core/oci/repository.ts';
import {
  type PublicRepositories,
  type PublicRepository,
  publicLife,
} from '../../core/ports/public-repositories.ts';
import { busyIfOverloaded } from './overload.ts';
import * as statements from './statements.ts';

/** Which repositories are public, in D1. `now` in ms since 1970. */
export function d1PublicRepositories(database: D1Database, now: () => number): PublicRepositories {
  const oldest = () => now() - publicLife;
  return {
    async getPublic(repositories) {
      const keys = JSON.stringify(repositories.map(repositoryKey));
      const listing = database.prepare(statements.getPublic).bind(keys, oldest());
      return (await busyIfOverloaded(listing.all<PublicRepository>())).results;
    },

    async putPublic(repository, seen) {
      const putting = database.batch([
        database.prepare(statements.putPublic).bind(repositoryKey(repository), seen),
        database.prepare(statements.removeOldPublic).bind(oldest()),
      ]);
      await busyIfOverloaded(putting);
    },

    async removePublic(repository) {
      const removing = database.prepare(statements.removePublic).bind(repositoryKey(repository));
      await busyIfOverloaded(removing.run());
    },
  };
}
