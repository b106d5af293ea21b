/* Counts calls into CUDA's runtime that make the host wait or start work, for LD_PRELOAD:
 *
 *   cc -shared -fPIC -O2 -o cudaCounters.so cudaCounters.c -ldl
 *   LD_PRELOAD=./cudaCounters.so program
 *
 * tunewright_cuda_counters() gives the counts, to the addon (observe.cpp) and to Python's ctypes alike. No CUDA
 * header: of all arguments, only the kind of a copy is looked at.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

struct counter {
  const char *name;
  unsigned long long calls;
};

enum {
  STREAM_SYNCHRONIZE,
  DEVICE_SYNCHRONIZE,
  EVENT_SYNCHRONIZE,
  COPY_WAITING,
  COPY_TO_DEVICE,
  COPY_TO_HOST,
  COPY_OTHER,
  LAUNCH,
  ALLOCATE,
  FREE,
  END
};

static struct counter counters[] = {
    [STREAM_SYNCHRONIZE] = {"cudaStreamSynchronize", 0},
    [DEVICE_SYNCHRONIZE] = {"cudaDeviceSynchronize", 0},
    [EVENT_SYNCHRONIZE] = {"cudaEventSynchronize", 0},
    [COPY_WAITING] = {"cudaMemcpy", 0},
    [COPY_TO_DEVICE] = {"cudaMemcpyAsync.hostToDevice", 0},
    [COPY_TO_HOST] = {"cudaMemcpyAsync.deviceToHost", 0},
    [COPY_OTHER] = {"cudaMemcpyAsync.other", 0},
    [LAUNCH] = {"cudaLaunchKernel", 0},
    [ALLOCATE] = {"cudaMalloc", 0},
    [FREE] = {"cudaFree", 0},
    [END] = {NULL, 0},
};

const struct counter *tunewright_cuda_counters(void) { return counters; }

static void count(int which) { __atomic_fetch_add(&counters[which].calls, 1, __ATOMIC_RELAXED); }

/* The function behind the one of this name here. */
#define NEXT(function)                                                    \
  static __typeof__(function) *next;                                      \
  if (!next) next = (__typeof__(function) *)dlsym(RTLD_NEXT, #function);  \
  if (!next) return 999 /* cudaErrorUnknown */

#define ONE_ARGUMENT(function, which) \
  int function(void *x) {             \
    count(which);                     \
    NEXT(function);                   \
    return next(x);                   \
  }

ONE_ARGUMENT(cudaStreamSynchronize, STREAM_SYNCHRONIZE)
ONE_ARGUMENT(cudaEventSynchronize, EVENT_SYNCHRONIZE)
ONE_ARGUMENT(cudaFree, FREE)

int cudaDeviceSynchronize(void) {
  count(DEVICE_SYNCHRONIZE);
  NEXT(cudaDeviceSynchronize);
  return next();
}

int cudaMalloc(void **pointer, size_t bytes) {
  count(ALLOCATE);
  NEXT(cudaMalloc);
  return next(pointer, bytes);
}

int cudaMemcpy(void *to, const void *from, size_t bytes, int kind) {
  count(COPY_WAITING);
  NEXT(cudaMemcpy);
  return next(to, from, bytes, kind);
}

int cudaMemcpyAsync(void *to, const void *from, size_t bytes, int kind, void *stream) {
  count(kind == 1 ? COPY_TO_DEVICE : kind == 2 ? COPY_TO_HOST : COPY_OTHER);
  NEXT(cudaMemcpyAsync);
  return next(to, from, bytes, kind, stream);
}

struct dim3 {
  unsigned x, y, z;
};

int cudaLaunchKernel(const void *function, struct dim3 grid, struct dim3 block, void **arguments, size_t shared, void *stream) {
  count(LAUNCH);
  NEXT(cudaLaunchKernel);
  return next(function, grid, block, arguments, shared, stream);
}

/* What a launch written <<<…>>> becomes since CUDA 13. */
int __cudaLaunchKernel(void *kernel, struct dim3 grid, struct dim3 block, void **arguments, size_t shared, void *stream) {
  count(LAUNCH);
  NEXT(__cudaLaunchKernel);
  return next(kernel, grid, block, arguments, shared, stream);
}

int cudaLaunchKernelExC(const void *config, const void *function, void **arguments) {
  count(LAUNCH);
  NEXT(cudaLaunchKernelExC);
  return next(config, function, arguments);
}
