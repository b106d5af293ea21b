// Names that JavaScript uses for libtorch's enumerations: data types as in PyTorch
// ("float32", "bfloat16"), layouts and memory formats.
#pragma once

#include <c10/core/Layout.h>
#include <c10/core/MemoryFormat.h>
#include <c10/core/ScalarType.h>

#include <optional>
#include <string>

namespace tunewright {

std::optional<c10::ScalarType> scalarTypeOf(const std::string& name);
std::optional<c10::Layout> layoutOf(const std::string& name);
std::optional<c10::MemoryFormat> memoryFormatOf(const std::string& name);
std::string nameOf(c10::ScalarType type);

}  // namespace tunewright
