import { readFileSync } from 'node:fs';

/** The address that stands for a mirror without TLS in the files of `infra/clients`. */
const example = 'mirror.example.com:5000';

/** The outputs of the stack and the files that they are made of. */
const files = {
  DaemonJson: 'daemon.json',
  BuildkitdToml: 'buildkitd.toml',
  HostsToml: 'hosts.toml',
  RegistriesConf: 'registries.conf',
} as const;

/** The lines for each client's file, by the name of the stack's output. `host` has TLS. */
export function clientLines(host: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(files).map(([output, file]) => {
      const text = readFileSync(new URL(`../../clients/${file}`, import.meta.url), 'utf8');
      return [output, withTls(text).replaceAll(example, host)];
    }),
  );
}

/** Drops comments and what is for a mirror without TLS only. */
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
