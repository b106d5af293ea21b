// State of the addon inside one JavaScript environment (the main thread or one worker thread):
// its tensors, generators and operators. Nothing is shared between environments, so no lock is
// needed, and a worker that ends takes its tensors with it.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/Event.h>
#include <node_api.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tunewright {

// Whether a number can be a handle at all: small numbers never are, but for the zero that stands for
// one given up.
inline bool looksLikeHandle(double value) { return value == 0 || (value >= 4294967296.0 && value < 9007199254740992.0); }

// A table of values behind numeric handles. A handle is `generation * 2^32 + index`, exact in a
// double; the generation makes a freed handle recognisable after its slot is used again.
template <typename T>
class HandleTable {
 public:
  double put(T value) {
    uint32_t index;
    if (!free_.empty()) {
      index = free_.back();
      free_.pop_back();
      slots_[index].value = std::move(value);
    } else {
      index = static_cast<uint32_t>(slots_.size());
      slots_.push_back(Slot{std::move(value), 1});
    }
    ++live_;
    return static_cast<double>(slots_[index].generation) * 4294967296.0 + index;
  }

  // The value behind a handle, or null where the handle was freed or never given out.
  const T* get(double handle) const {
    const Slot* slot = find(handle);
    return slot ? &*slot->value : nullptr;
  }

  bool release(double handle) {
    Slot* slot = const_cast<Slot*>(find(handle));
    if (!slot) return false;
    slot->value.reset();
    slot->generation = slot->generation == kLastGeneration ? 1 : slot->generation + 1;
    free_.push_back(static_cast<uint32_t>(slot - slots_.data()));
    --live_;
    return true;
  }

  size_t live() const { return live_; }

  template <typename F>
  void each(F&& visit) const {
    for (const Slot& slot : slots_)
      if (slot.value) visit(*slot.value);
  }

 private:
  struct Slot {
    std::optional<T> value;
    uint32_t generation;
  };
  // Handles stay below 2^53.
  static constexpr uint32_t kLastGeneration = (1u << 21) - 1;

  const Slot* find(double handle) const {
    if (!looksLikeHandle(handle)) return nullptr;
    const uint64_t bits = static_cast<uint64_t>(handle);
    if (static_cast<double>(bits) != handle) return nullptr;
    const uint32_t index = static_cast<uint32_t>(bits), generation = static_cast<uint32_t>(bits >> 32);
    if (index >= slots_.size() || slots_[index].generation != generation || !slots_[index].value) return nullptr;
    return &slots_[index];
  }

  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  size_t live_ = 0;
};

struct Operator {
  c10::OperatorHandle handle;
  const c10::FunctionSchema* schema;
  std::string name;
  // Positions of the lists of tensors that it writes to.
  std::vector<size_t> writtenLists;
};

// JavaScript references are deleted on their own thread only; those given up elsewhere (autograd's
// device threads) wait here for the next chance. It may outlive the environment.
class ReferenceBin {
 public:
  explicit ReferenceBin(napi_env env) : env_(env) {}
  void discard(napi_ref reference);
  void empty();
  void close();
  bool onOwnThread() const { return std::this_thread::get_id() == thread_; }

 private:
  napi_env env_;
  std::thread::id thread_ = std::this_thread::get_id();
  std::mutex mutex_;
  std::vector<napi_ref> waiting_;
  bool closed_ = false;
};

class BackwardQueue;

struct Environment {
  explicit Environment(napi_env env) : env(env), references(std::make_shared<ReferenceBin>(env)) {}
  ~Environment() { references->close(); }

  napi_env env;
  std::shared_ptr<ReferenceBin> references;
  HandleTable<at::Tensor> tensors;
  HandleTable<at::Generator> generators;
  HandleTable<c10::Event> events;
  // A deque: converting arguments may run JavaScript that finds more operators, and those in use must not move.
  std::deque<Operator> operators;
  // Where other threads ask for JavaScript while `grad` waits for them.
  BackwardQueue* backwardQueue = nullptr;
  std::mutex backwardQueueMutex;
  napi_ref errorFactory = nullptr;
};

Environment& environmentOf(napi_env env);

}  // namespace tunewright
