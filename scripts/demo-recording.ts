// Runs `npm run demo` and draws what it prints, with its timing, into infra/docs/images/demo.svg.
// The lines of the build are left out, and the colours are added. Without animation (in a PDF, or
// where the reader asked for less motion) the picture is the last frame.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { root } from './project.ts';

const file = `${root}infra/docs/images/demo.svg`;

const fontSize = 13;
const charWidth = 7.8;
const lineHeight = 19;
const padding = 18;
const titleHeight = 34;
/** In ms: the command alone, before its first line. */
const lead = 800;
/** In ms: the last frame, before it begins again. */
const hold = 9000;
/** In ms: the last frame as the first one, so that a page that is printed or just opened shows it. */
const opening = 4000;
/** In ms: what comes within one step appears together. */
const step = 40;

/** What was printed at once, and when, in ms. */
interface Chunk {
  readonly text: string;
  readonly at: number;
}

/** A text at its place. */
interface Run extends Chunk {
  readonly row: number;
  readonly column: number;
}

/** Runs the demo and gives what it printed. */
async function record(): Promise<Chunk[]> {
  const demo = spawn('npm', ['run', '--silent', 'demo'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(demo, 'exit');
  const chunks: Chunk[] = [];
  let start = 0;
  for await (const chunk of demo.stdout.setEncoding('utf8')) {
    const text = chunks.length > 0 ? chunk : chunk.replace(/^dist\/.*\n/gm, '');
    if (text === '') continue;
    if (chunks.length === 0) start = Date.now();
    chunks.push({ text, at: lead + Date.now() - start });
    process.stdout.write(text);
  }
  const [code] = await exit;
  if (code !== 0) throw new Error(`the demo ended with ${code}`);
  return chunks;
}

/** Where each text stands. Spaces are gaps between texts: fonts differ in their width. */
function layOut(chunks: readonly Chunk[]): Run[] {
  const runs: Run[] = [{ row: 0, column: 0, text: '$ npm run demo', at: 0 }];
  let row = 1;
  let column = 0;
  for (const { text, at } of chunks) {
    for (const part of text.split(/(\n| {2,}|\.{2,}|x{2,})/)) {
      if (part === '\n') {
        row += 1;
        column = 0;
        continue;
      }
      if (part.trim() !== '') runs.push({ row, column, text: part, at });
      column += part.length;
    }
  }
  return runs;
}

function colour({ text, row }: Run): string {
  if (row === 0) return 'command';
  if (/^\.+$/.test(text)) return 'good';
  if (/^x+$/.test(text) || text.startsWith('429')) return 'bad';
  return 'plain';
}

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

function draw(runs: readonly Run[]): string {
  const columns = Math.max(...runs.map(({ column, text }) => column + text.length));
  const rows = Math.max(...runs.map(({ row }) => row)) + 1;
  const width = Math.ceil(columns * charWidth + 2 * padding);
  const height = titleHeight + rows * lineHeight + padding;
  const cycle = Math.max(...runs.map(({ at }) => at)) + hold;
  const steps = [...new Set(runs.map(({ at }) => Math.floor(at / step)))].filter((at) => at > 0);
  const keyframes = steps.map((at) => {
    const percent = ((at * step * 100) / cycle).toFixed(2);
    return `@keyframes s${at}{0%{visibility:hidden}${percent}%,to{visibility:visible}}.s${at}{animation-name:s${at}}`;
  });
  const texts = runs.map((run) => {
    const { row, column, text, at } = run;
    const x = (padding + column * charWidth).toFixed(1);
    const y = titleHeight + row * lineHeight + fontSize;
    // The length keeps the columns in their places, whatever font there is.
    const length = (text.length * charWidth).toFixed(1);
    const when = at < step ? '' : ` s${Math.floor(at / step)}`;
    return `<text class="${colour(run)}${when}" x="${x}" y="${y}" textLength="${length}">${escaped(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">npm run demo: 30 pulls straight at a registry that allows ten, 30 through Pullfront, and one with the registry down</title>
<!-- Recorded by npm run demo:record. Do not edit. -->
<style>
text{font:${fontSize}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:#d1d7e0;animation:${cycle}ms step-end ${opening - cycle}ms infinite}
.command{fill:#fff;font-weight:bold}.good{fill:#57c46b;font-weight:bold}.bad{fill:#ff7b72}
${keyframes.join('\n')}
@media (prefers-reduced-motion:reduce){text{animation:none}}
</style>
<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" fill="#151b23" stroke="#3d444d"/>
<circle cx="20" cy="17" r="5" fill="#ff5f57"/><circle cx="37" cy="17" r="5" fill="#febc2e"/><circle cx="54" cy="17" r="5" fill="#28c840"/>
${texts.join('\n')}
</svg>
`;
}

await writeFile(file, draw(layOut(await record())));
