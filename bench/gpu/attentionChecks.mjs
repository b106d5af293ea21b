// Packed attention on a device, forward and backward, against each sequence by itself on the CPU in float64.

/** softmax(q kᵀ / sqrt(hd)) v under the causal mask, with the heads of keys shared by groups. [n, nH, hd] */
function reference(t, q, k, v) {
  const [n, heads, headDim] = q.shape;
  const group = heads / k.size(1);
  const perHead = (x, repeats) => x.repeatInterleave(repeats, 1).transpose(0, 1);
  const scores = perHead(q, 1)
    .matmul(perHead(k, group).transpose(1, 2))
    .mul(1 / Math.sqrt(headDim));
  const mask = t.full([n, n], Number.NEGATIVE_INFINITY, { dtype: "float64" }).triu(1);
  return scores
    .add(mask)
    .softmax(-1)
    .matmul(perHead(v, group))
    .transpose(0, 1)
    .reshape([n, heads * headDim]);
}

/** Attention of packed sequences by src/nn, and the gradients by q, k and v of the one of its output. */
function packed({ t, nn, device }, tensors, lengths, gradient) {
  const record = nn.createRecord(new Map());
  const starts = [0];
  for (const length of lengths) starts.push(starts.at(-1) + length);
  const inputs = tensors.map((tensor) => nn.recordedInput(record, tensor, tensor.dtype, true));
  const output = nn.causalAttention(...inputs, {
    lengths,
    longest: Math.max(...lengths),
    cuSeqlens: t.upload(Int32Array.from(starts), device),
  });
  const values = nn.tensorOf(output).clone();
  nn.backward(record, output, gradient.clone());
  return { values, gradients: inputs.map((input) => input.gradient) };
}

/** Checks by name, for checks.mjs. */
export function attentionChecks(tools) {
  const { t, device, random, there, expectNear } = tools;
  const lengths = [37, 1, 130, 64];
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const sizes = { plain: [4, 4, 64], grouped: [8, 2, 64], wide: [4, 1, 128] };
  const dtypes = { float32: 2e-5, bfloat16: 1e-2, float16: 2e-3 };
  const checks = {};
  for (const [name, [heads, keyHeads, headDim]] of Object.entries(sizes)) {
    for (const [dtype, bound] of Object.entries(dtypes)) {
      // The CPU's kernel takes no float16 backward in every release; a GPU has no use for float64.
      if (device === "cpu" && dtype === "float16") continue;
      checks[`attention.${name}.${dtype}`] = () => {
        const inputs = [heads, keyHeads, keyHeads].map((count) =>
          random([tokens, count, headDim], dtype),
        );
        const gradient = random([tokens, heads * headDim], dtype);
        const found = packed(tools, inputs.map(there), lengths, there(gradient));
        let start = 0;
        const parts = lengths.map((length) => {
          const rows = (x) => x.narrow(0, start, length).to({ dtype: "float64", copy: true });
          const exact = inputs.map((x) => rows(x).requiresGrad_());
          const result = t.enableGrad(() => {
            const values = reference(t, ...exact);
            return {
              values,
              gradients: t.grad([values], exact, { gradOutputs: [rows(gradient)] }),
            };
          });
          start += length;
          return result;
        });
        const whole = (pick) => t.cat(parts.map(pick), 0).detach();
        const figures = {
          forward: expectNear(
            found.values,
            whole((part) => part.values),
            bound,
          ),
        };
        ["q", "k", "v"].forEach((input, i) => {
          const exact = whole((part) => part.gradients[i]);
          figures[`backward ${input}`] = expectNear(found.gradients[i], exact, 2 * bound, input);
        });
        return figures;
      };
    }
  }
  return checks;
}
