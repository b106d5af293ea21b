// Work in pieces on libtorch's threads.
#pragma once

#include <ATen/TensorIterator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>

namespace tunewright {

// Multiplications that are worth a thread.
constexpr int64_t THREAD_WORK = 1 << 17;

// Calls `work(begin, end)` for parts of `count` pieces. Threads are reached through an iterator: at::parallel_for is a template that
// would need this file to be compiled for the OpenMP runtime that this libtorch came with.
template <typename Work>
void inParallel(int64_t count, int64_t pieceWork, const Work& work) {
  const int64_t grain = std::max<int64_t>(1, THREAD_WORK / std::max<int64_t>(1, pieceWork));
  if (count <= grain) {
    if (count > 0) work(int64_t{0}, count);
    return;
  }
  at::Tensor pieces = at::empty({count}, at::kByte);
  auto iterator = at::TensorIterator::nullary_op(pieces);
  const auto* first = static_cast<const char*>(pieces.const_data_ptr());
  iterator.for_each(
      [&](char** data, const int64_t*, int64_t inner, int64_t outer) {
        const int64_t begin = data[0] - first;
        work(begin, begin + inner * outer);
      },
      grain);
}

}  // namespace tunewright
