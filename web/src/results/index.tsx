import type { ResultList } from "../../../src/serve/schema";
import { useResource } from "../api/useResource";
import { Loaded } from "../ui";

export default function Results() {
  const list = useResource<ResultList>("api/results");
  return (
    <Loaded resource={list}>
      {({ results }) => results.map(({ id, name }) => <p key={id}>{name}</p>)}
    </Loaded>
  );
}
