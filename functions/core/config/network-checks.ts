import { isNetwork, networkPattern } from './network-list.ts';
import type { Overlay } from './overlay.ts';
import { type Path, valueAt } from './problems.ts';

/** Mistakes in `networks`, `trustProxy` and `clients` that no single value shows. */
export function checkNetworks(
  overlay: Overlay,
  report: (path: Path, message: string) => void,
): void {
  const names = overlay.keys(['networks']);
  for (const path of [...names.map((name) => ['networks', name]), ['trustProxy']]) {
    const list = valueAt(overlay.json, path);
    for (const [index, network] of (Array.isArray(list) ? list : []).entries()) {
      // The definition reports what does not look like one.
      if (typeof network !== 'string' || !networkPattern.test(network) || isNetwork(network))
        continue;
      report(
        [...path, index],
        `${JSON.stringify(network)} is not a network; expected one such as "203.0.113.0/24"`,
      );
    }
  }
  for (const name of overlay.keys(['clients'])) {
    if (name === 'anonymous' || names.includes(name)) continue;
    const known = [...names, 'anonymous'].join(', ');
    report(
      ['clients', name],
      `no network ${JSON.stringify(name)} in "networks"; expected one of ${known}`,
    );
  }
}
