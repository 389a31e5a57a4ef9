/** A configuration that only the checker can judge: it has a mistake, or something unusual. */
export class NotPlain extends Error {}
