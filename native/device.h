// The accelerator of this machine, and what a thread has chosen on it. Devices and streams are
// chosen thread by thread: a new thread begins with device 0 and the default streams.
#pragma once

#include <ATen/DeviceAccelerator.h>

#include <optional>
#include <vector>

namespace tunewright {

// The accelerator that can be used now: a libtorch that was built for one may run where there is none.
inline std::optional<c10::DeviceType> accelerator() {
  const auto type = at::accelerator::getAccelerator();
  return type && at::accelerator::deviceCount() > 0 ? type : std::nullopt;
}

// The device and the streams of the thread that makes it, for another thread to take over.
class ChosenDevice {
 public:
  ChosenDevice() {
    if (!accelerator()) return;
    device_ = at::accelerator::getDeviceIndex();
    for (c10::DeviceIndex i = 0; i < at::accelerator::deviceCount(); ++i) streams_.push_back(at::accelerator::getCurrentStream(i));
  }
  void take() const {
    for (const c10::Stream& stream : streams_) at::accelerator::setCurrentStream(stream);
    if (device_) at::accelerator::setDeviceIndex(*device_);
  }

 private:
  std::optional<c10::DeviceIndex> device_;
  std::vector<c10::Stream> streams_;
};

}  // namespace tunewright
