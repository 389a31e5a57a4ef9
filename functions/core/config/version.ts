declare const pullfrontVersion: string | undefined;

/** The version of this package; the build writes it into the bundles. */
export const version: string = typeof pullfrontVersion === 'string' ? pullfrontVersion : '0.0.0';
