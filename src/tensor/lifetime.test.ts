/** Lifetimes of tensors: tidy, keep, dispose, using, and the collector's net. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ArgumentError, TunewrightError, UseAfterFreeError } from "../util/errors.js";
import {
  cat,
  dispose,
  Generator,
  grad,
  hold,
  keep,
  liveTensors,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "./index.js";

function growth(body: () => void): number {
  const before = liveTensors();
  body();
  return liveTensors() - before;
}

describe("tidy", () => {
  test("frees what was made inside and returns the rest", () => {
    let inner: Tensor | undefined;
    let result: Tensor | undefined;
    expect(
      growth(() => {
        result = tidy(() => {
          inner = tensor([1]);
          return inner.add(1).mul(3);
        });
      }),
    ).toBe(1);
    expect(inner?.disposed).toBe(true);
    expect(result?.item()).toBe(6);
    result?.dispose();
  });

  test("finds results in arrays, objects, maps and circles", () => {
    const tree = tidy(() => {
      const circle: {
        self?: unknown;
        a: Tensor;
        deep: [Tensor, { b: Tensor }];
        map: Map<string, Tensor>;
      } = {
        a: tensor([1]),
        deep: [tensor([2]), { b: tensor([3]) }],
        map: new Map([["c", tensor([4])]]),
      };
      circle.self = circle;
      return circle;
    });
    const all = [tree.a, tree.deep[0], tree.deep[1].b, tree.map.get("c")!];
    expect(all.map((x) => x.item())).toEqual([1, 2, 3, 4]);
    dispose(tree);
    expect(all.every((x) => x.disposed)).toBe(true);
  });

  test("hands results to the scope around it, which frees them in turn", () => {
    expect(growth(() => tidy(() => void tidy(() => tidy(() => tensor([1]))).add(1)))).toBe(0);
  });

  test("frees everything, and reopens the scope around it, when the body throws", () => {
    expect(
      growth(() =>
        tidy(() => {
          expect(() =>
            tidy(() => {
              zeros([5]);
              throw new Error("stop");
            }),
          ).toThrow("stop");
          tensor([1]);
        }),
      ),
    ).toBe(0);
  });

  test("leaves tensors of the scope around it alone, returned or not", () => {
    tidy(() => {
      const mine = tensor([5]);
      expect(tidy(() => mine)).toBe(mine);
      tidy(() => mine.add(1));
      expect(mine.item()).toBe(5);
    });
  });

  test("refuses an asynchronous body, whose later failure disturbs nobody", async () => {
    const run = () =>
      tidy(async () => {
        const x = tensor([1]);
        await Promise.resolve();
        return x.item();
      });
    expect(run).toThrow(TunewrightError);
    expect(run).toThrow("tidy: the function must not be asynchronous");
    await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test("freeing a handle breaks no graph and no view", () => {
    const x = tensor([1, 2, 3, 4]).requiresGrad_();
    const loss = tidy(() => x.mul(x).exp().sum(null));
    expect(grad([loss], [x])[0]!.shape).toEqual([4]);
    const view = tidy(() => tensor([1, 2, 3, 4]).view([2, 2]).select(0, 1));
    expect(view.sum(null).item()).toBe(7);
  });
});

describe("keep, hold, dispose and using", () => {
  test("keep lets a tensor outlive every scope", () => {
    let kept: Tensor | undefined;
    expect(
      growth(() =>
        tidy(() =>
          tidy(() => {
            kept = keep(tensor([8]));
          }),
        ),
      ),
    ).toBe(1);
    expect(kept?.item()).toBe(8);
    kept?.dispose();
    expect(() => keep(5 as never)).toThrow(ArgumentError);
  });

  test("hold frees on demand, and at once where the body throws", () => {
    tidy(() => {
      const { result, free } = hold(() => [tensor([1]), tensor([2])] as const);
      tidy(() => result[0].add(result[1]));
      expect(result[0].item()).toBe(1);
      expect(growth(free)).toBe(-2);
    });
    const fails = () => {
      tensor([1]);
      throw new Error("stop");
    };
    expect(growth(() => expect(() => hold(fails)).toThrow("stop"))).toBe(0);
  });

  test("dispose is harmless when repeated; a slot used again is not confused with the old tensor", () => {
    const first = tensor([1]);
    const { handle } = first;
    first.dispose();
    const second = tensor([2]);
    first.dispose();
    expect(second.handle).not.toBe(handle);
    expect(second.item()).toBe(2);
    second.dispose();
  });

  test("using disposes at the end of its block", () => {
    let outside: Tensor | undefined;
    {
      using x = tensor([1]);
      outside = x;
      expect(x.item()).toBe(1);
    }
    expect(outside.disposed).toBe(true);
  });
});

test("every use of a disposed tensor is a UseAfterFreeError", () => {
  const x = tensor([1, 2]);
  const live = tensor([1, 2]);
  x.dispose();
  const uses: (() => unknown)[] = [
    () => x.shape,
    () => x.dtype,
    () => x.size(0),
    () => x.numel,
    () => x.item(),
    () => x.bytes(),
    () => x.requiresGrad,
    () => x.requiresGrad_(),
    () => x.add(1),
    () => live.add(x),
    () => x.add_(1),
    () => live.clamp(0).copy_(x),
    () => cat([live, x]),
    () => live.mmOut(live, { out: x }),
    () => grad([x], [live]),
    () => grad([live], [x]),
    () => new Generator(1).setState(x),
  ];
  for (const use of uses) expect(use, String(use)).toThrow(UseAfterFreeError);
  expect(() => live.add(x)).toThrow("add.Tensor: `other` is a tensor that was disposed");
  expect(() => cat([live, x])).toThrow("cat: `tensors[1]` is a tensor that was disposed");
  expect(String(x)).toBe("Tensor(disposed)");
  expect(String(live)).toBe("Tensor(float32[2])");
});

test("the collector frees tensors that were dropped", () => {
  const program = fileURLToPath(new URL("../../test/engine/finaliser.ts", import.meta.url));
  const output = execFileSync(process.execPath, ["--expose-gc", "--import", "tsx", program], {
    encoding: "utf8",
  });
  expect(JSON.parse(output)).toEqual({ before: 201, after: 1, stillReads: 7 });
});
