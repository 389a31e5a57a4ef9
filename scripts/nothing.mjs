/**
 * Never set.
 * @type {undefined}
 */
export var nothing;
