// Names that JavaScript uses for libtorch's enumerations: data types as in PyTorch
// ("float32", "bfloat16"), layouts and memory formats.
#pragma once

#include <c10/core/ScalarType.h>

#include <optional>
#include <string>

namespace tunewright {

std::optional<int64_t> enumerationCode(const std::string& name);
std::optional<c10::ScalarType> scalarTypeOf(const std::string& name);
std::string nameOf(c10::ScalarType type);

}  // namespace tunewright
