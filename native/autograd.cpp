// Autograd: gradients, grad mode, and functions whose backward is written in JavaScript (the
// counterpart of torch.autograd.Function).
#include <ATen/ThreadLocalState.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>

#include "boundary.h"
#include "device.h"

namespace tunewright {

using torch::autograd::variable_list;

// While a backward pass runs on another thread, JavaScript's thread waits in `serve` and runs the
// JavaScript backward functions that the pass asks for.
class BackwardQueue {
 public:
  // From another thread: what `work` gives on JavaScript's thread. Where nobody serves any more, the
  // task is dropped, and its future throws instead of waiting for ever.
  std::future<variable_list> post(std::function<variable_list()> work) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::future<variable_list> result = tasks_.emplace_back(std::move(work)).get_future();
    wake_.notify_one();
    return result;
  }
  void finish() {
    const std::lock_guard<std::mutex> lock(mutex_);
    finished_ = true;
    wake_.notify_one();
  }
  void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return finished_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::packaged_task<variable_list()>> tasks_;
  bool finished_ = false;
};

namespace {

// The JavaScript exception that a backward function threw, kept until `grad` can rethrow it.
struct JavaScriptFault : std::runtime_error {
  using Reference = std::shared_ptr<std::remove_pointer_t<napi_ref>>;
  explicit JavaScriptFault(Reference holder) : std::runtime_error("a backward function threw"), holder(std::move(holder)) {}
  // To an object whose `error` is what was thrown: that may be a primitive, and references hold objects only.
  Reference holder;
};

class JavaScriptBackward : public torch::autograd::Node {
 public:
  JavaScriptBackward(Environment& environment, napi_ref callback, size_t inputs)
      : environment_(environment), references_(environment.references), callback_(callback), inputs_(inputs) {}
  ~JavaScriptBackward() override { references_->discard(callback_); }

  std::string name() const override { return "JavaScriptBackward"; }

  variable_list apply(variable_list&& gradients) override {
    if (at::GradMode::is_enabled()) throw std::runtime_error("createGraph is not supported through a function with a backward pass of its own");
    if (references_->onOwnThread()) return run(gradients);
    std::future<variable_list> result;
    {
      const std::lock_guard<std::mutex> lock(environment_.backwardQueueMutex);
      if (!environment_.backwardQueue) throw std::runtime_error("a JavaScript backward function ran outside grad()");
      result = environment_.backwardQueue->post([this, &gradients] { return run(gradients); });
    }
    return result.get();
  }

 private:
  variable_list run(const variable_list& gradients) {
    napi_env env = environment_.env;
    napi_handle_scope scope;
    check(env, napi_open_handle_scope(env, &scope));
    try {
      const at::AutoGradMode noGrad(false);
      napi_value callback, result, receiver = undefinedValue(env);
      check(env, napi_get_reference_value(env, callback_, &callback));
      napi_value argument = handleArray(env, environment_, gradients);
      if (napi_call_function(env, receiver, callback, 1, &argument, &result) != napi_ok) throwPending(env);
      variable_list inputs = read(env, result);
      napi_close_handle_scope(env, scope);
      return inputs;
    } catch (...) {
      napi_close_handle_scope(env, scope);
      throw;
    }
  }

  [[noreturn]] void throwPending(napi_env env) {
    napi_value error, holder;
    napi_ref reference;
    check(env, napi_get_and_clear_last_exception(env, &error));
    check(env, napi_create_object(env, &holder));
    check(env, napi_set_named_property(env, holder, "error", error));
    check(env, napi_create_reference(env, holder, 1, &reference));
    throw JavaScriptFault({reference, [bin = references_](napi_ref given) { bin->discard(given); }});
  }

  // The handles that the function returned are this reader's to release.
  variable_list read(napi_env env, napi_value result) {
    bool isArray = false;
    uint32_t length = 0;
    check(env, napi_is_array(env, result, &isArray));
    if (isArray) check(env, napi_get_array_length(env, result, &length));
    if (!isArray || length != inputs_)
      throw std::runtime_error("a backward function must return an array of " + std::to_string(inputs_) + " gradients (a Tensor or null each)");
    variable_list gradients(length);
    for (uint32_t i = 0; i < length; ++i) {
      napi_value element;
      napi_valuetype type;
      check(env, napi_get_element(env, result, i, &element));
      check(env, napi_typeof(env, element, &type));
      if (type == napi_null || type == napi_undefined) continue;
      double handle = 0;
      if (type == napi_number) check(env, napi_get_value_double(env, element, &handle));
      const at::Tensor* gradient = environment_.tensors.get(handle);
      if (!gradient) throw std::runtime_error("gradient " + std::to_string(i) + " returned by a backward function is no live Tensor");
      gradients[i] = *gradient;
      environment_.tensors.release(handle);
    }
    return gradients;
  }

  Environment& environment_;
  std::shared_ptr<ReferenceBin> references_;
  napi_ref callback_;
  size_t inputs_;
};

// Nodes are counted by std::shared_ptr up to libtorch 2.12 and by c10::intrusive_ptr since.
using NodePointer = decltype(torch::autograd::Edge::function);

template <typename Pointer = NodePointer>
Pointer makeBackward(Environment& environment, napi_ref callback, size_t inputs) {
  if constexpr (std::is_same_v<Pointer, std::shared_ptr<torch::autograd::Node>>)
    return std::make_shared<JavaScriptBackward>(environment, callback, inputs);
  else
    return c10::make_intrusive<JavaScriptBackward>(environment, callback, inputs);
}

// attachBackward(inputs, outputs, backward): from now on the gradient of `outputs` with respect to
// `inputs` is what `backward(gradients)` returns: one handle or null for each input. Returns, for
// each output, null or the handle of the tensor that takes its place.
napi_value attachBackward(napi_env env, napi_callback_info info) {
  return guarded(env, info, "attachBackward", [&](Arguments& arguments) {
    Environment& environment = arguments.environment;
    environment.references->empty();
    const variable_list inputs = arguments.tensors(0, "inputs");
    variable_list outputs = arguments.tensors(1, "outputs");
    if (arguments.typeOf(2) != napi_function) arguments.refuse(2, "backward", "a function");
    for (const at::Tensor& output : outputs) {
      for (const at::Tensor& input : inputs)
        if (output.is_same(input)) throw std::runtime_error("an output is one of the inputs; return a clone or a view of it");
      if (output.requires_grad()) throw std::runtime_error("an output already takes part in autograd; compute it with grad mode off");
      if (!at::isFloatingType(output.scalar_type())) throw std::runtime_error("an output is not of a floating dtype");
    }
    napi_ref callback;
    check(env, napi_create_reference(env, arguments[2], 1, &callback));
    const NodePointer node = makeBackward(environment, callback, inputs.size());
    node->set_next_edges(torch::autograd::collect_next_edges(inputs));
    variable_list replacements(outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      // The history of a view belongs to its base: a fresh tensor over the same memory takes it.
      if (outputs[i].is_view()) outputs[i] = replacements[i] = outputs[i].variable_data();
      torch::autograd::set_history(outputs[i], node);
    }
    return handleArray(env, environment, replacements);
  });
}

// Device threads run the graph there and may ask for JavaScript: this thread must be free to answer,
// so the engine is driven from a helper thread, which takes over this one's modes, device and streams.
variable_list onHelperThread(Environment& environment, const std::function<variable_list()>& pass) {
  BackwardQueue queue;
  struct Registration {
    Environment& environment;
    Registration(Environment& environment, BackwardQueue& queue) : environment(environment) {
      const std::lock_guard<std::mutex> lock(environment.backwardQueueMutex);
      if (environment.backwardQueue) throw std::runtime_error("grad() inside a backward function is not supported on this device");
      environment.backwardQueue = &queue;
    }
    ~Registration() {
      const std::lock_guard<std::mutex> lock(environment.backwardQueueMutex);
      environment.backwardQueue = nullptr;
    }
  };
  struct Finish {
    BackwardQueue& queue;
    ~Finish() { queue.finish(); }
  };
  const Registration registration(environment, queue);
  const at::ThreadLocalState modes;
  const ChosenDevice device;
  std::future<variable_list> gradients = std::async(std::launch::async, [&] {
    const Finish finish{queue};
    const at::ThreadLocalStateGuard guard(modes);
    device.take();
    return pass();
  });
  queue.serve();
  return gradients.get();
}

// grad(outputs, inputs, gradOutputs | undefined, retainGraph, createGraph, allowUnused,
//      onOtherThread): gradients of the sum of outputs, null where an input is not used.
napi_value grad(napi_env env, napi_callback_info info) {
  return guarded(env, info, "grad", [&](Arguments& arguments) {
    Environment& environment = arguments.environment;
    environment.references->empty();
    const variable_list outputs = arguments.tensors(0, "outputs"), inputs = arguments.tensors(1, "inputs");
    variable_list gradOutputs;
    if (arguments.given(2)) gradOutputs = arguments.tensors(2, "gradOutputs");
    const bool retainGraph = arguments.given(3) && arguments.boolean(3, "retainGraph");
    const bool createGraph = arguments.given(4) && arguments.boolean(4, "createGraph");
    const bool allowUnused = arguments.given(5) && arguments.boolean(5, "allowUnused");
    const bool asked = arguments.given(6) && arguments.boolean(6, "onOtherThread");
    if (outputs.empty()) arguments.refuse(0, "outputs", "at least one Tensor");
    if (inputs.empty()) arguments.refuse(1, "inputs", "at least one Tensor");
    for (size_t i = 0; i < gradOutputs.size() && i < outputs.size(); ++i)
      if (gradOutputs[i].sizes() != outputs[i].sizes()) throw std::runtime_error("gradOutputs[" + std::to_string(i) + "] does not have the shape of its output");
    const auto onDevice = [](const at::Tensor& tensor) { return !tensor.device().is_cpu(); };
    const bool otherThread = asked || std::any_of(outputs.begin(), outputs.end(), onDevice) || std::any_of(inputs.begin(), inputs.end(), onDevice);
    const auto pass = [&] { return torch::autograd::grad(outputs, inputs, gradOutputs, retainGraph, createGraph, allowUnused); };
    try {
      return handleArray(env, environment, otherThread ? onHelperThread(environment, pass) : pass());
    } catch (const JavaScriptFault& fault) {
      napi_value holder, error;
      check(env, napi_get_reference_value(env, fault.holder.get(), &holder));
      check(env, napi_get_named_property(env, holder, "error", &error));
      napi_throw(env, error);
      throw PendingException{};
    }
  });
}

napi_value setRequiresGrad(napi_env env, napi_callback_info info) {
  return guarded(env, info, "setRequiresGrad", [&](Arguments& arguments) {
    at::Tensor tensor = arguments.tensor(0, "tensor");
    tensor.set_requires_grad(arguments.boolean(1, "requiresGrad"));
    return undefinedValue(env);
  });
}

napi_value requiresGrad(napi_env env, napi_callback_info info) {
  return guarded(env, info, "requiresGrad",
                 [&](Arguments& arguments) { return booleanValue(env, arguments.tensor(0, "tensor").requires_grad()); });
}

// setGradMode(enabled): switches recording for this thread and returns the mode before.
napi_value setGradMode(napi_env env, napi_callback_info info) {
  return guarded(env, info, "setGradMode", [&](Arguments& arguments) {
    const bool before = at::GradMode::is_enabled();
    at::GradMode::set_enabled(arguments.boolean(0, "enabled"));
    return booleanValue(env, before);
  });
}

}  // namespace

void initAutograd(napi_env env, napi_value exports) {
  exportAll(env, exports,
            {{"attachBackward", attachBackward},
             {"grad", grad},
             {"setRequiresGrad", setRequiresGrad},
             {"requiresGrad", requiresGrad},
             {"setGradMode", setGradMode}});
}

}  // namespace tunewright
