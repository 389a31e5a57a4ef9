// Loads a function and gives it one event, and tells how long both took, and how long the processor
// worked on them, in ms. Run anew each time.
const [, , module = '', event = ''] = process.argv;
const usage = process.cpuUsage();
const began = performance.now();
const { handler } = await import(module);
const loaded = performance.now();
const { statusCode } = await handler(JSON.parse(event), { getRemainingTimeInMillis: () => 30_000 });
const answered = performance.now();
const { user, system } = process.cpuUsage(usage);
const timing = {
  load: loaded - began,
  first: answered - loaded,
  both: answered - began,
  cpu: (user + system) / 1000,
  status: statusCode,
};
process.stderr.write(`${JSON.stringify(timing)}\n`);
process.exit();
