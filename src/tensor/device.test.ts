/** Devices, streams and copies on the CPU, where all of them are the plain thing; bench/gpu runs them on a GPU. */
import { describe, expect, test } from "vitest";
import { numbers } from "../../test/engine/values.js";
import { expectNoLeak } from "../../test/leak.js";
import { ArgumentError } from "../util/errors.js";
import {
  copyToHost,
  cudaCounters,
  currentStream,
  defaultDevice,
  deviceProperties,
  devices,
  emptyCache,
  linearNf4Into,
  matmul,
  memoryStatistics,
  newStream,
  observedOperators,
  observeOperators,
  ones,
  onStream,
  prefetchPaged,
  resetPeakMemory,
  setDevice,
  synchronize,
  tensor,
  tidy,
  upload,
  zeros,
} from "./index.js";

const accelerated = devices().length > 1;

describe("devices", () => {
  test("the default one is among them, and can be chosen and waited for", () => {
    expect(devices()).toContain(defaultDevice());
    const device = defaultDevice();
    setDevice(device);
    synchronize();
    synchronize("cpu");
    synchronize(device);
    expect(defaultDevice()).toBe(device);
  });

  test.each(["cuda:99", "xpu", "nothing", "", "cpu:x"])("refuses %j", (device) => {
    for (const use of [setDevice, synchronize, deviceProperties, currentStream]) {
      expect(() => use(device as "cpu")).toThrow(ArgumentError);
    }
  });

  test("the CPU has no properties of a GPU, and its memory has no peaks to reset", () => {
    expect(deviceProperties("cpu")).toBeNull();
    resetPeakMemory();
    emptyCache();
    if (!accelerated) expect(memoryStatistics().peakDeviceBytes).toBe(0);
  });
});

describe("streams", () => {
  test("operators run on the stream that is chosen, and the one before comes back", () => {
    const stream = newStream("cpu");
    expect(stream).toEqual(currentStream("cpu"));
    expect(onStream(stream, () => ones([2]).add(1).sum(null).item())).toBe(4);
    expect(() =>
      onStream(stream, () => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(currentStream("cpu")).toEqual(stream);
  });

  test("the CPU has one only", () => {
    expect(() => onStream({ device: "cpu", id: 3 }, () => 0)).toThrow(ArgumentError);
  });
});

describe("copies", () => {
  test("upload() makes a tensor with a copy of the data", () => {
    const data = Int32Array.of(1, 2, 3, 4);
    const x = upload(data, "cpu", [2, 2]);
    data[0] = 9;
    expect([x.shape, x.dtype, numbers(x)]).toEqual([[2, 2], "int32", [1, 2, 3, 4]]);
  });

  test("copyToHost() has the values of the moment at which it was asked for", () => {
    const x = tensor([1, 2]);
    const copy = copyToHost(x);
    x.add_(5);
    expect(copy.ready()).toBe(true);
    const host = copy.take();
    expect([host.device, numbers(host), numbers(copy.take())]).toEqual(["cpu", [1, 2], [1, 2]]);
    copy.dispose();
    expect(host.disposed).toBe(true);
  });

  test("a copy outlives tidy(), is cut off from gradients, and leaves nothing behind", async () => {
    await expectNoLeak(() => {
      const copy = tidy(() => copyToHost(ones([3]).requiresGrad_().mul(2)));
      expect(copy.take().requiresGrad).toBe(false);
      expect(numbers(copy.take())).toEqual([2, 2, 2]);
      copy.dispose();
    });
  });

  test("a copy of a transposed view is whole", () => {
    const copy = copyToHost(tensor([1, 2, 3, 4], [2, 2]).transpose(0, 1));
    expect(numbers(copy.take())).toEqual([1, 3, 2, 4]);
  });

  test.runIf(!accelerated)("pinned memory needs a device", () => {
    expect(() => tensor([1], undefined, undefined, true)).toThrow(/pin|accelerator|device/i);
  });
});

describe("kernels that only CUDA has", () => {
  test("refuse tensors of the CPU by name", () => {
    const bytes = zeros([128], { dtype: "uint8" });
    expect(() => prefetchPaged(bytes)).toThrow(ArgumentError);
    const weight = {
      packed: bytes,
      absmax: zeros([4], { dtype: "uint8" }),
      nestedAbsmax: ones([1]),
      nestedCode: zeros([256]),
      offset: zeros([]),
    };
    expect(() => linearNf4Into(ones([1, 64]), weight, zeros([1, 4]), null, 64)).toThrow(
      /CUDA device/,
    );
  });
});

describe("observed operators", () => {
  const byName = () => new Map(observedOperators().map((entry) => [entry.name, entry]));

  test("are those that libtorch calls itself, too, from the last beginning to the end", () => {
    const a = ones([4, 4]);
    observeOperators("count");
    matmul(a, a);
    a.sum(null).item();
    observeOperators("off");
    matmul(a, a);
    expect(byName().get("aten::mm")).toEqual({ name: "aten::mm", calls: 1, seconds: 0 });
    expect(byName().get("aten::_local_scalar_dense")?.calls).toBe(1);
    observeOperators("count");
    observeOperators("off");
    expect(observedOperators()).toEqual([]);
  });

  test("have a time of their own: one that calls another does not count it again", () => {
    const a = ones([400, 400]);
    observeOperators("time");
    const started = performance.now();
    matmul(a, a);
    const whole = (performance.now() - started) / 1000;
    observeOperators("off");
    const [outer, inner] = [byName().get("aten::matmul")!, byName().get("aten::mm")!];
    expect(inner.seconds).toBeGreaterThan(outer.seconds);
    expect(outer.seconds).toBeGreaterThanOrEqual(0);
    expect(outer.seconds + inner.seconds).toBeLessThanOrEqual(whole);
  });

  test("refuses a mode that it does not know", () => {
    expect(() => observeOperators("all" as "count")).toThrow(ArgumentError);
  });

  test("CUDA's runtime is counted only where the counting library is preloaded", () => {
    expect(cudaCounters()).toBeNull();
  });
});
