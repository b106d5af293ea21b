#include "names.h"

#include <utility>

namespace tunewright {

namespace {

constexpr std::pair<const char*, c10::ScalarType> kScalarTypes[] = {
    {"float32", c10::ScalarType::Float}, {"bfloat16", c10::ScalarType::BFloat16}, {"float16", c10::ScalarType::Half},
    {"float64", c10::ScalarType::Double}, {"int64", c10::ScalarType::Long},       {"int32", c10::ScalarType::Int},
    {"int16", c10::ScalarType::Short},    {"int8", c10::ScalarType::Char},        {"uint8", c10::ScalarType::Byte},
    {"bool", c10::ScalarType::Bool},
};

constexpr std::pair<const char*, c10::Layout> kLayouts[] = {{"strided", c10::Layout::Strided}};

constexpr std::pair<const char*, c10::MemoryFormat> kMemoryFormats[] = {
    {"contiguous", c10::MemoryFormat::Contiguous},
    {"preserve", c10::MemoryFormat::Preserve},
};

}  // namespace

std::optional<c10::ScalarType> scalarTypeOf(const std::string& name) {
  for (const auto& [known, type] : kScalarTypes)
    if (name == known) return type;
  return std::nullopt;
}

std::string nameOf(c10::ScalarType type) {
  for (const auto& [known, code] : kScalarTypes)
    if (code == type) return known;
  return c10::toString(type);
}

std::optional<c10::Layout> layoutOf(const std::string& name) {
  for (const auto& [known, layout] : kLayouts)
    if (name == known) return layout;
  return std::nullopt;
}

std::optional<c10::MemoryFormat> memoryFormatOf(const std::string& name) {
  for (const auto& [known, format] : kMemoryFormats)
    if (name == known) return format;
  return std::nullopt;
}

}  // namespace tunewright
