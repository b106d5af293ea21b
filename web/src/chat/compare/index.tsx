/** Several models on the same turns. */
import { useEffect, useMemo } from "react";
import { goTo, replaceAddress, useRoute } from "../../app/route";
import { useTexts } from "../../language";
import { Button, LinkButton, Loading } from "../../ui";
import { Composer } from "../composer";
import type { Models } from "../models";
import { useEscape } from "../useEscape";
import { useFollowEnd } from "../useFollowEnd";
import { useStored } from "../useStored";
import { addressFor, readAddress } from "./address";
import { beforeAndAfter } from "./beforeAfter";
import { askAgain, askAll, openComparison, setComparison, stopAll, useBoard } from "./board";
import { ColumnNotices, ColumnPickers } from "./ColumnPickers";
import { CompareBar, SaveMenu, ScriptMenu } from "./CompareBar";
import { type Comparison, fewestModels, withoutTurn, withTurnChanged } from "./comparison";
import type { ScriptTurn } from "./script";
import { TallyCard } from "./TallyCard";
import { TurnView } from "./TurnView";
import { texts } from "./texts";
import "./compare.css";
import { type Column, columnsOf, useLoading } from "./useColumns";

export default function Compare({ models }: { models: Models }) {
  const { query } = useRoute();
  const search = query.toString();
  const address = useMemo(() => readAddress(new URLSearchParams(search)), [search]);
  const { comparison, isLoaded } = useBoard();
  const columns = useMemo(() => columnsOf(models, address.models), [models, address.models]);
  useRun(models, address.run);
  useEffect(() => {
    const { history, blind } = address;
    void openComparison(address.models, (opened) => ({ ...opened, history, blind }));
  }, [address]);
  const isOpened = comparison.models.join() === address.models.join();
  if (models.status === null || !isLoaded || !isOpened) return <Loading />;
  return <Opened models={models} columns={columns} comparison={comparison} />;
}

/** An address that names a run becomes one that names its two models. */
function useRun(models: Models, run: string | null): void {
  const pair =
    run === null ? null : beforeAndAfter(models.catalogue).find((one) => one.run === run);
  const key = pair?.models.join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the pair is its key
  useEffect(() => {
    if (pair) replaceAddress(addressFor({ models: pair.models, history: "own", blind: false }));
  }, [key]);
}

function Opened(props: { models: Models; columns: Column[]; comparison: Comparison }) {
  const t = useTexts(texts);
  const { models, columns, comparison } = props;
  const { isRunning, queue, isForgetful } = useBoard();
  const [withDifference, setWithDifference] = useStored("difference", false);
  const problem = useLoading(models, columns);
  useEscape(isRunning, stopAll);
  useFollowEnd(isRunning ? comparison : null, comparison.id);
  const titles = columns.map(({ title }) => title);
  const nameOf = (column: number) => columns[column]?.served?.name ?? titles[column]!;
  const isComplete = columns.length >= fewestModels && columns.every(({ isReady }) => isReady);
  const canAsk = isComplete && models.status?.ready === true && models.isConnected && !isRunning;
  const ask = (turns: ScriptTurn[]) => void askAll(turns, nameOf);
  return (
    <div className="compare">
      <ColumnPickers
        models={models}
        columns={columns}
        isBusy={isRunning}
        onChange={(named) => goTo(addressFor({ ...comparison, models: named }))}
      />
      <CompareBar
        options={{ history: comparison.history, blind: comparison.blind, withDifference }}
        comparison={comparison}
        isBusy={isRunning}
        onOptions={({ withDifference: marked, history, blind }) => {
          setWithDifference(marked);
          replaceAddress(addressFor({ ...comparison, history, blind }));
        }}
        onComparison={setComparison}
      />
      {isForgetful && <p className="notice warn">{t.forgetful}</p>}
      <ColumnNotices models={models} columns={columns} problem={problem} />
      {comparison.turns.length === 0 && <Beginning models={models} isChosen={columns.length > 1} />}
      {comparison.turns.map((_, i) => (
        <TurnView
          // biome-ignore lint/suspicious/noArrayIndexKey: a turn is known by its place
          key={i}
          comparison={comparison}
          index={i}
          titles={titles}
          withDifference={withDifference}
          isBusy={isRunning || !canAsk}
          actions={{
            onVote: (turn, verdict) =>
              setComparison(
                withTurnChanged(comparison, turn, (before) => ({
                  ...before,
                  vote: verdict && { ...verdict, blind: comparison.blind },
                })),
              ),
            onAgain: (turn, column) => void askAgain(turn, column, nameOf(column)),
            onRemove: (turn) => setComparison(withoutTurn(comparison, turn)),
          }}
        />
      ))}
      <TallyCard comparison={comparison} titles={titles} />
      <p className="visually-hidden" role="status">
        {isRunning ? t.asked : ""}
      </p>
      {isRunning ? <Queue left={queue.length} /> : <ScriptMenu canAsk={canAsk} onTurns={ask} />}
      {comparison.turns.length > 0 && (
        <SaveMenu
          comparison={comparison}
          titles={titles}
          isBusy={isRunning}
          onClear={() => setComparison({ ...comparison, turns: [] })}
        />
      )}
      <footer className="talk-foot">
        <Composer
          label={t.placeholder}
          isAnswering={isRunning}
          canSend={canAsk}
          onSend={(user) => ask([{ user, reference: null }])}
          onStop={stopAll}
        />
      </footer>
    </div>
  );
}

function Queue({ left }: { left: number }) {
  const t = useTexts(texts);
  return (
    <div className="script-menu">
      <span className="soft small figures">{left > 0 ? t.left(String(left)) : t.asked}</span>
      <Button onClick={stopAll}>{t.stop}</Button>
    </div>
  );
}

/** Before the first turn: what this is, and the comparisons that suggest themselves. */
function Beginning({ models, isChosen }: { models: Models; isChosen: boolean }) {
  const t = useTexts(texts);
  const pairs = beforeAndAfter(models.catalogue).slice(0, 3);
  return (
    <div className="state">
      <h2>{t.title}</h2>
      <p>{t.text}</p>
      {!isChosen && <p>{t.tooFew}</p>}
      {!isChosen &&
        pairs.map(({ run, title, models: pair }) => (
          <LinkButton
            key={run}
            tone="primary"
            href={addressFor({ models: pair, history: "own", blind: false })}
          >
            {t.beforeAfter}: {title}
          </LinkButton>
        ))}
    </div>
  );
}
