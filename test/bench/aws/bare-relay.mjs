// The least that a Node process can do to move a blob: one socket in, one socket out, one buffer, and
// no look at what is in it. It is told the URL and the port of the sink, and tells how long it took
// (in ms) and the processor time (in seconds).
import { createConnection } from 'node:net';

const [, , source = '', sink = ''] = process.argv;
const { hostname, port, pathname, search, host } = new URL(source);
const began = performance.now();
const before = process.cpuUsage();
const output = createConnection({ host: '127.0.0.1', port: Number(sink) });
const input = createConnection({
  host: hostname,
  port: Number(port),
  onread: {
    buffer: Buffer.alloc(256 * 1024),
    callback(length, buffer) {
      output.write(buffer.subarray(0, length), () => input.resume());
      return false;
    },
  },
});
input.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
input.once('end', () => output.end());
output.once('finish', () => {
  const { user, system } = process.cpuUsage(before);
  const time = performance.now() - began;
  process.stdout.write(JSON.stringify({ time, cpu: (user + system) / 1e6 }));
});
