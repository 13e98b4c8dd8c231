/**
 * compiled.mjs
 *   What Kysely's CompiledQuery.raw makes, which is not imported here.
 */
export function compiled({ text, values }) {
  return {
    sql: text,
    parameters: values,
    query: { kind: 'RawNode', sqlFragments: [text], parameters: [] },
    queryId: { queryId: 'session-auth' },
  }
}
