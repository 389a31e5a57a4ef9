import { readFileSync } from 'node:fs';

/** The address of a mirror without TLS in the files of `infra/clients`. */
const example = 'mirror.example.com:5000';

/** The stack's outputs and the files for them. */
const files = {
  DaemonJson: 'daemon.json',
  BuildkitdToml: 'buildkitd.toml',
  HostsToml: 'hosts.toml',
  RegistriesConf: 'registries.conf',
} as const;

/** The lines for each client's file, by the stack's output. `host` has TLS. */
export function clientLines(host: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(files).map(([output, file]) => {
      const text = readFileSync(new URL(`../../clients/${file}`, import.meta.url), 'utf8');
      return [output, withTls(text).replaceAll(example, host)];
    }),
  );
}

/** Drops comments and lines that are only for a mirror without TLS. */
function withTls(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replace(`[registry."${example}"]\n  http = true\n`, '')
    .replace(/^ *insecure = true\n/gm, '')
    .replaceAll(`http://${example}`, `https://${example}`)
    .trim();
}
