/** The post-processor of a tokenizer.json that puts special tokens around a text. */

/**
 * @param tokens texts by id
 * @param before ids that stand before every text (BOS)
 * @param after ids that stand behind it (EOS)
 */
export function specialTokenProcessor(
  tokens: (id: number) => string | undefined,
  before: readonly number[],
  after: readonly number[],
): unknown {
  const pieces = (ids: readonly number[], type_id: number) =>
    ids.map((id) => ({ SpecialToken: { id: tokens(id), type_id } }));
  const around = (name: string, type_id: number) => [
    ...pieces(before, type_id),
    { Sequence: { id: name, type_id } },
    ...pieces(after, type_id),
  ];
  return {
    type: "TemplateProcessing",
    single: around("A", 0),
    pair: [...around("A", 0), ...around("B", 1)],
    special_tokens: Object.fromEntries(
      [...before, ...after].map((id) => {
        const token = tokens(id);
        return [token, { id: token, ids: [id], tokens: [token] }];
      }),
    ),
  };
}
