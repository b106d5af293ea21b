/** Rows as training reads them: tokens, and which of them are learnt. */
export { RowTokensView } from "./RowTokensView";
export { TokenSettings } from "./TokenSettings";
export { type Chosen, tokenQuery, useTokenSettings } from "./useTokenSettings";
