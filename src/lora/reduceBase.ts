/**
 * Beginnings that move a part of the base weight into the adapter: its principal singular values
 * (PiSSA, Meng et al., 2024, arXiv 2404.02948), or the first columns of its QR decomposition (OLoRA,
 * Büyükakyüz, 2024, arXiv 2406.01775). As PEFT does whenever it makes such an adapter, new or from a
 * file, the part is taken out of the base weight.
 */
import { linalgQr, linalgSvd, type Tensor, tidy } from "../tensor/index.js";

/** The part of a weight that an adapter begins with: A [rank, in] and B [out, rank]. */
export interface WeightPart {
  a: Tensor;
  b: Tensor;
}

/** @param weight [out, in] @param beginning `pissa` or `olora` */
export function partOf(weight: Tensor, beginning: string, rank: number, scale: number): WeightPart {
  return tidy(() => {
    const full = weight.to({ dtype: "float32" });
    if (beginning === "olora") {
      const [q, r] = linalgQr(full);
      return { a: r.narrow(0, 0, rank).contiguous(), b: q.narrow(1, 0, rank).contiguous() };
    }
    const [u, s, v] = linalgSvd(full, false); // [out, k], [k], [k, in]
    const roots = s.narrow(0, 0, rank).div(scale).sqrt();
    const a = v.narrow(0, 0, rank).mul(roots.unsqueeze(1)).contiguous();
    return { a, b: u.narrow(1, 0, rank).mul(roots).contiguous() };
  });
}

/** Takes `scale · B A` out of a weight, in place; in float32, rounded once. */
export function takeOut(weight: Tensor, { a, b }: WeightPart, scale: number): void {
  tidy(() => {
    const low = b.matmul(a).to({ device: weight.device });
    weight.copy_(weight.to({ dtype: "float32" }).sub(low, { alpha: scale }));
  });
}
