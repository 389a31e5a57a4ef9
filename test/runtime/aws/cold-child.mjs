// Loads a function and gives it one event, and tells how long both took, in ms. Run anew each time.
const [, , module = '', event = ''] = process.argv;
const began = performance.now();
const { handler } = await import(module);
const loaded = performance.now();
const { statusCode } = await handler(JSON.parse(event), { getRemainingTimeInMillis: () => 30_000 });
const answered = performance.now();
const timing = { load: loaded - began, first: answered - loaded, status: statusCode };
process.stderr.write(`${JSON.stringify(timing)}\n`);
process.exit();
