// Operators by name: JavaScript values to a boxed stack by the operator's own schema, the call
// through c10's dispatcher, and the results back. There is no code here for any single operator.
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>

#include <algorithm>
#include <cmath>

#include "boundary.h"
#include "names.h"

namespace tunewright {

namespace {

using c10::IValue;
using c10::TypeKind;

// Where a value stands, for error messages: operator, argument and, inside lists, the index.
struct Place {
  napi_env env;
  Environment& environment;
  const Operator& op;
  const c10::Argument& argument;
  int64_t index = -1;

  std::string name() const {
    return index < 0 ? argument.name() : argument.name() + "[" + std::to_string(index) + "]";
  }
  [[noreturn]] void refuse(const std::string& expected, napi_value got) const {
    throw ArgumentFault{op.name, name(), expected, got};
  }
};

napi_valuetype typeOf(napi_env env, napi_value value) {
  napi_valuetype type;
  check(env, napi_typeof(env, value, &type));
  return type;
}

std::string textOf(const Place& place, napi_value value, const char* expected) {
  if (typeOf(place.env, value) != napi_string) place.refuse(expected, value);
  char buffer[256];
  size_t length;
  check(place.env, napi_get_value_string_utf8(place.env, value, buffer, sizeof buffer, &length));
  return std::string(buffer, length);
}

bool isWhole(double value) {
  return value >= -9007199254740991.0 && value <= 9007199254740991.0 &&
         value == static_cast<double>(static_cast<int64_t>(value));
}

int64_t integerOf(const Place& place, napi_value value) {
  const napi_valuetype type = typeOf(place.env, value);
  if (type == napi_bigint) {
    int64_t integer;
    bool lossless;
    check(place.env, napi_get_value_bigint_int64(place.env, value, &integer, &lossless));
    if (!lossless) place.refuse("an integer of 64 bits", value);
    return integer;
  }
  if (type != napi_number) place.refuse("an integer", value);
  double number;
  check(place.env, napi_get_value_double(place.env, value, &number));
  if (!isWhole(number)) place.refuse("an integer", value);
  return static_cast<int64_t>(number);
}

double numberOf(const Place& place, napi_value value) {
  if (typeOf(place.env, value) != napi_number) place.refuse("a number", value);
  double number;
  check(place.env, napi_get_value_double(place.env, value, &number));
  return number;
}

const at::Tensor& tensorOf(const Place& place, napi_value value) {
  if (typeOf(place.env, value) != napi_number) place.refuse("a Tensor", value);
  double handle;
  check(place.env, napi_get_value_double(place.env, value, &handle));
  if (!looksLikeHandle(handle)) place.refuse("a Tensor", value);
  const at::Tensor* tensor = place.environment.tensors.get(handle);
  if (!tensor) throw FreedTensorFault{place.op.name, place.name()};
  return *tensor;
}

IValue convert(Place& place, const c10::Type& type, napi_value value);

IValue convertList(Place& place, const c10::Type& type, napi_value value) {
  const auto& list = type.expectRef<c10::ListType>();
  const c10::TypePtr& elementType = list.getElementType();
  bool isArray = false;
  check(place.env, napi_is_array(place.env, value, &isArray));
  if (!isArray) {
    // Python's `int[2]` arguments take one number for all; the schema does not keep the length, so
    // only whole lists are accepted here and the message says so.
    place.refuse("an array of " + elementType->str(), value);
  }
  uint32_t length;
  check(place.env, napi_get_array_length(place.env, value, &length));
  const auto each = [&](auto&& add) {
    for (uint32_t i = 0; i < length; ++i) {
      napi_value element;
      check(place.env, napi_get_element(place.env, value, i, &element));
      place.index = i;
      add(element);
    }
    place.index = -1;
  };
  switch (elementType->kind()) {
    case TypeKind::TensorType: {
      c10::List<at::Tensor> tensors;
      tensors.reserve(std::min(length, kReserved));
      each([&](napi_value element) { tensors.push_back(tensorOf(place, element)); });
      return tensors;
    }
    case TypeKind::IntType:
    case TypeKind::SymIntType: {
      c10::List<int64_t> integers;
      integers.reserve(std::min(length, kReserved));
      each([&](napi_value element) { integers.push_back(integerOf(place, element)); });
      return integers;
    }
    default: {
      c10::impl::GenericList values(elementType);
      values.reserve(std::min(length, kReserved));
      each([&](napi_value element) { values.push_back(convert(place, *elementType, element)); });
      return values;
    }
  }
}

// libtorch takes the codes of enumerations unchecked, so only names cross the border.
template <typename Lookup>
IValue enumerationOf(const Place& place, napi_value value, Lookup lookup, const char* expected) {
  const auto code = lookup(textOf(place, value, expected));
  if (!code) place.refuse(expected, value);
  return static_cast<int64_t>(*code);
}

IValue convert(Place& place, const c10::Type& type, napi_value value) {
  napi_env env = place.env;
  switch (type.kind()) {
    case TypeKind::TensorType:
      return tensorOf(place, value);
    case TypeKind::OptionalType: {
      const napi_valuetype given = typeOf(env, value);
      if (given == napi_null || given == napi_undefined) return IValue();
      return convert(place, *type.expectRef<c10::OptionalType>().getElementType(), value);
    }
    case TypeKind::IntType:
    case TypeKind::SymIntType:
      return integerOf(place, value);
    case TypeKind::ScalarTypeType:
      return enumerationOf(place, value, scalarTypeOf, "a dtype such as \"float32\"");
    case TypeKind::LayoutType:
      return enumerationOf(place, value, layoutOf, "the layout \"strided\"");
    case TypeKind::MemoryFormatType:
      return enumerationOf(place, value, memoryFormatOf, "the memory format \"contiguous\" or \"preserve\"");
    case TypeKind::FloatType:
      return numberOf(place, value);
    case TypeKind::BoolType: {
      if (typeOf(env, value) != napi_boolean) place.refuse("a boolean", value);
      bool boolean;
      check(env, napi_get_value_bool(env, value, &boolean));
      return boolean;
    }
    case TypeKind::NumberType: {
      const napi_valuetype given = typeOf(env, value);
      if (given == napi_boolean) {
        bool boolean;
        check(env, napi_get_value_bool(env, value, &boolean));
        return boolean;
      }
      if (given == napi_bigint) return integerOf(place, value);
      if (given != napi_number) place.refuse("a number", value);
      const double number = numberOf(place, value);
      if (isWhole(number) && !(number == 0 && std::signbit(number))) return static_cast<int64_t>(number);
      return number;
    }
    case TypeKind::StringType:
      return textOf(place, value, "a string");
    case TypeKind::DeviceObjType: {
      const std::string text = textOf(place, value, "a device such as \"cpu\" or \"cuda:0\"");
      try {
        return c10::Device(text);
      } catch (const c10::Error&) {
        place.refuse("a device such as \"cpu\" or \"cuda:0\"", value);
      }
    }
    case TypeKind::GeneratorType: {
      if (typeOf(env, value) != napi_number) place.refuse("a Generator", value);
      const at::Generator* generator = place.environment.generators.get(numberOf(place, value));
      if (!generator) place.refuse("a live Generator", value);
      return *generator;
    }
    case TypeKind::ListType:
      return convertList(place, type, value);
    default:
      place.refuse("nothing: arguments of type " + type.str() + " are not supported", value);
  }
}

napi_value toJavaScript(napi_env env, Environment& environment, IValue&& value) {
  if (value.isTensor()) {
    at::Tensor tensor = std::move(value).toTensor();
    if (tensor.defined()) return numberValue(env, environment.tensors.put(std::move(tensor)));
    napi_value null;
    check(env, napi_get_null(env, &null));
    return null;
  }
  if (value.isInt()) return numberValue(env, static_cast<double>(value.toInt()));
  if (value.isDouble()) return numberValue(env, value.toDouble());
  if (value.isBool()) return booleanValue(env, value.toBool());
  if (value.isScalar()) return numberValue(env, value.toScalar().toDouble());
  if (value.isString()) return stringValue(env, value.toStringRef());
  if (value.isTensorList()) return handleArray(env, environment, value.toTensorVector());
  napi_value result;
  if (value.isNone()) {
    check(env, napi_get_null(env, &result));
    return result;
  }
  if (value.isList()) {
    const auto list = std::move(value).toList();
    check(env, napi_create_array_with_length(env, list.size(), &result));
    for (size_t i = 0; i < list.size(); ++i)
      check(env, napi_set_element(env, result, static_cast<uint32_t>(i), toJavaScript(env, environment, IValue(list.get(i)))));
    return result;
  }
  throw std::runtime_error("results of type " + value.tagKind() + " are not supported");
}

std::string describeTensor(const at::Tensor& tensor) {
  std::ostringstream text;
  text << nameOf(tensor.scalar_type()) << tensor.sizes();
  return text.str();
}

bool isWritten(const c10::Argument& argument) { return argument.alias_info() && argument.alias_info()->isWrite(); }

std::vector<size_t> writtenListsOf(const c10::FunctionSchema& schema) {
  std::vector<size_t> positions;
  for (size_t i = 0; i < schema.arguments().size(); ++i)
    if (schema.arguments()[i].type()->kind() == TypeKind::ListType && isWritten(schema.arguments()[i])) positions.push_back(i);
  return positions;
}

// Operators that write to several lists (the fused optimizers) walk the tensors at the same place of
// each as one piece of memory of one size, and on the CPU do not check that they are.
void checkWrittenLists(napi_env env, const Operator& op, const c10::Stack& stack) {
  if (op.writtenLists.size() < 2) return;
  const auto first = stack[op.writtenLists[0]].toTensorVector();
  for (const size_t position : op.writtenLists) {
    const auto list = stack[position].toTensorVector();
    const std::string& name = op.schema->arguments()[position].name();
    for (size_t i = 0; i < list.size() && i < first.size(); ++i) {
      std::ostringstream text;
      text << "a contiguous Tensor of sizes " << first[i].sizes();
      if (list[i].sizes() != first[i].sizes() || !list[i].is_contiguous())
        throw ArgumentFault{op.name, name + "[" + std::to_string(i) + "]", text.str(),
                            stringValue(env, describeTensor(list[i]) + (list[i].is_contiguous() ? "" : ", not contiguous"))};
    }
  }
}

napi_value findOperator(napi_env env, napi_callback_info info) {
  return guarded(env, info, "findOperator", [&](Arguments& arguments) {
    const std::string name = arguments.string(0, "name"), overload = arguments.string(1, "overload");
    auto handle = c10::Dispatcher::singleton().findSchema({name.c_str(), overload.c_str()});
    if (!handle) throw std::runtime_error("libtorch has no operator " + name + (overload.empty() ? "" : "." + overload));
    auto& operators = arguments.environment.operators;
    operators.push_back({*handle, &handle->schema(), overload.empty() ? name : name + "." + overload, writtenListsOf(handle->schema())});
    return numberValue(env, static_cast<double>(operators.size() - 1));
  });
}

const Operator& operatorAt(Arguments& arguments) {
  const int64_t index = arguments.integer(0, "operator");
  auto& operators = arguments.environment.operators;
  if (index < 0 || static_cast<size_t>(index) >= operators.size()) arguments.refuse(0, "operator", "an id from findOperator");
  return operators[index];
}

napi_value operatorSchema(napi_env env, napi_callback_info info) {
  return guarded(env, info, "operatorSchema", [&](Arguments& arguments) {
    const Operator& op = operatorAt(arguments);
    const auto describe = [&](const c10::Argument& argument) {
      napi_value object;
      check(env, napi_create_object(env, &object));
      setProperty(env, object, "name", stringValue(env, argument.name()));
      setProperty(env, object, "type", stringValue(env, argument.real_type()->str()));
      setProperty(env, object, "keywordOnly", booleanValue(env, argument.kwarg_only()));
      setProperty(env, object, "written", booleanValue(env, isWritten(argument)));
      if (argument.default_value()) {
        std::ostringstream text;
        text << *argument.default_value();
        setProperty(env, object, "default", stringValue(env, text.str()));
      }
      return object;
    };
    const auto describeAll = [&](const std::vector<c10::Argument>& list) {
      napi_value array;
      check(env, napi_create_array_with_length(env, list.size(), &array));
      for (size_t i = 0; i < list.size(); ++i) check(env, napi_set_element(env, array, static_cast<uint32_t>(i), describe(list[i])));
      return array;
    };
    napi_value result;
    check(env, napi_create_object(env, &result));
    setProperty(env, result, "arguments", describeAll(op.schema->arguments()));
    setProperty(env, result, "returns", describeAll(op.schema->returns()));
    return result;
  });
}

// "self float32[2, 3], dim 1": what an operator was called with, for the message of its error.
std::string describe(const Operator& op, const c10::Stack& stack) {
  std::ostringstream text;
  for (size_t i = 0; i < stack.size(); ++i) {
    const IValue& value = stack[i];
    if (value.isNone()) continue;
    if (text.tellp() > 400) return text.str() + ", …";
    if (text.tellp() > 0) text << ", ";
    text << op.schema->arguments()[i].name() << ' ';
    if (value.isTensor() && value.toTensor().defined())
      text << describeTensor(value.toTensor());
    else if (value.isTensorList())
      text << value.toTensorVector().size() << " tensors";
    else
      text << value;
  }
  return text.str();
}

// Calls the operator; the results replace the arguments on the stack. Where it fails, the exception
// tells the reason and what it was called with.
void callOperator(const Operator& op, c10::Stack& stack) {
  const c10::Stack arguments = stack;
  const auto fail = [&](const std::exception& fault, const std::string& reason) {
    const std::string text = reason.substr(0, reason.find('\n')) + " (called with " + describe(op, arguments) + ")";
    if (isOutOfMemory(fault)) throw MemoryFault{op.name, text};
    throw std::runtime_error(text);
  };
  try {
    op.handle.callBoxed(stack);
  } catch (const c10::Error& x) {
    fail(x, x.what_without_backtrace());
  } catch (const std::exception& x) {
    fail(x, x.what());
  }
}

// call(operator, ...arguments in schema order). `undefined` takes the schema's default. A result
// that is one of the arguments written in place is not given a second handle: `undefined` stands
// for it.
napi_value call(napi_env env, napi_callback_info info) {
  const char* name = "call";
  try {
    Arguments arguments(env, info, name);
    const Operator& op = operatorAt(arguments);
    name = op.name.c_str();
    const auto& schema = op.schema->arguments();
    // The functions were generated from one release; an older one may lack the newest optional arguments.
    while (arguments.count - 1 > schema.size() && !arguments.given(arguments.count - 1)) --arguments.count;
    if (arguments.count - 1 > schema.size())
      throw ArgumentFault{op.name, "arguments", "at most " + std::to_string(schema.size()) + " arguments",
                          numberValue(env, static_cast<double>(arguments.count - 1))};
    c10::Stack stack;
    stack.reserve(schema.size());
    for (size_t i = 0; i < schema.size(); ++i) {
      if (i + 1 < arguments.count && arguments.given(i + 1)) {
        Place place{env, arguments.environment, op, schema[i]};
        stack.push_back(convert(place, *schema[i].real_type(), arguments[i + 1]));
      } else if (schema[i].default_value()) {
        stack.push_back(*schema[i].default_value());
      } else if (schema[i].type()->kind() == TypeKind::OptionalType) {
        stack.emplace_back();
      } else {
        throw ArgumentFault{op.name, schema[i].name(), "a value of type " + schema[i].type()->str(), undefinedValue(env)};
      }
    }
    checkWrittenLists(env, op, stack);
    callOperator(op, stack);
    const auto& returns = op.schema->returns();
    const auto result = [&](size_t i) {
      if (isWritten(returns[i])) return undefinedValue(env);
      return toJavaScript(env, arguments.environment, std::move(stack[i]));
    };
    if (stack.empty()) return undefinedValue(env);
    if (stack.size() == 1) return result(0);
    napi_value array;
    check(env, napi_create_array_with_length(env, stack.size(), &array));
    for (size_t i = 0; i < stack.size(); ++i) check(env, napi_set_element(env, array, static_cast<uint32_t>(i), result(i)));
    return array;
  } catch (...) {
    return throwFault(env, name, std::current_exception());
  }
}

}  // namespace

void initDispatch(napi_env env, napi_value exports) {
  exportAll(env, exports, {{"findOperator", findOperator}, {"operatorSchema", operatorSchema}, {"call", call}});
}

}  // namespace tunewright
