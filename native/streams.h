// Streams without CUDA's headers: libtorch's interface for guards knows them on every device.
#pragma once

#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace tunewright {

// The stream that operators on a device run on now.
inline c10::Stream currentStreamOf(c10::Device device) { return c10::impl::VirtualGuardImpl(device.type()).getStream(device); }

}  // namespace tunewright
