// Runs beside the Worker on workerd, over its database: what is done to the index from outside.
// Miniflare's own way there starts a thread for each Worker, which costs more than the Worker.

export default {
  /**
   * Runs statements in one transaction, and answers the rows of each.
   * @param {Request} request
   * @param {{ DB: any, KEY: string }} env
   */
  async fetch(request, { DB: database, KEY: key }) {
    // Its socket is open to every process of this machine.
    if (request.headers.get('authorization') !== key) return new Response(null, { status: 403 });
    const statements = await request.json();
    const results = await database.batch(
      statements.map((/** @type {{ sql: string, values: unknown[] }} */ { sql, values }) =>
        database.prepare(sql).bind(...values),
      ),
    );
    return Response.json(results.map((/** @type {{ results: object[] }} */ one) => one.results));
  },
};
