/** Headers of an answer under construction, by lower-case name. */
export type AnswerHeaders = Record<string, string>;

/**
 * Begins the headers of an answer with those that every answer has, and `OCI-Namespace` when `ns`
 * chose the registry (distribution-spec §Registry Proxying). Headers are added by assignment, as
 * spreading objects with such keys costs microseconds each time.
 */
export function headersFor(asked: { readonly ns: string | undefined }): AnswerHeaders {
  const headers: AnswerHeaders = {
    'docker-distribution-api-version': 'registry/2.0',
    'x-content-type-options': 'nosniff',
  };
  if (asked.ns !== undefined) headers['oci-namespace'] = asked.ns;
  return headers;
}
