const bytes: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** A number and a unit, decimal (`50GB`) or binary (`1.5GiB`); without a unit it is bytes. */
export const sizePattern = /^(\d{1,15}(?:\.\d{1,6})?)(B|[KMGT]B|[KMGT]iB)?$/;

/** Reads a size that matches `sizePattern`, in bytes. */
export function parseSize(text: string): number {
  const [, count = '0', unit = 'B'] = sizePattern.exec(text) ?? [];
  return Math.round(Number(count) * (bytes[unit] ?? 1));
}
