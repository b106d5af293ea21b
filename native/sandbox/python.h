// The few functions of Python's stable interface (PEP 384) that are used. The interpreter that loads this
// brings them, whatever its version, so nothing is compiled against its headers.
#pragma once

#include <sys/types.h>

extern "C" {
struct PyObject;
PyObject* PyImport_ImportModule(const char* name);
PyObject* PyObject_GetAttrString(PyObject* object, const char* name);
PyObject* PyObject_CallFunctionObjArgs(PyObject* callable, ...);
PyObject* PyObject_Str(PyObject* object);
PyObject* PyObject_Type(PyObject* object);
PyObject* PyDict_New();
PyObject* PyTuple_GetItem(PyObject* tuple, ssize_t index);
PyObject* PyUnicode_DecodeUTF8(const char* text, ssize_t size, const char* errors);
PyObject* PyUnicode_AsEncodedString(PyObject* text, const char* encoding, const char* errors);
char* PyBytes_AsString(PyObject* bytes);
void PyErr_Fetch(PyObject** type, PyObject** value, PyObject** traceback);
void PyErr_NormalizeException(PyObject** type, PyObject** value, PyObject** traceback);
int PyErr_GivenExceptionMatches(PyObject* given, PyObject* type);
void PyErr_SetString(PyObject* type, const char* text);
void PyErr_Clear();
int PySys_AddAuditHook(int (*hook)(const char*, PyObject*, void*), void* data);
extern PyObject* PyExc_ImportError;
extern PyObject* PyExc_MemoryError;
}
