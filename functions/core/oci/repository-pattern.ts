/**
 * Compiles a pattern of repository names: `*` stands for anything within one path component,
 * `**` for anything across components, every other character for itself.
 */
export function repositoryPattern(glob: string): RegExp {
  const source = glob
    .split(/(\*\*|\*)/)
    .map((part) => {
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`);
}
