/* SPDX-License-Identifier: Apache-2.0 */
/* Reads control.def with the rows that the includer defined, blanks the others, and forgets all of them afterwards.
 * No include guard: it is meant to be included many times. */
#ifndef INTERFACE
#define INTERFACE(...)
#endif
#ifndef ENUM
#define ENUM(...)
#endif
#ifndef VALUE
#define VALUE(...)
#endif
#ifndef END_ENUM
#define END_ENUM(...)
#endif
#ifndef STRUCT
#define STRUCT(...)
#endif
#ifndef FIELD
#define FIELD(...)
#endif
#ifndef END_STRUCT
#define END_STRUCT(...)
#endif
#ifndef ERROR
#define ERROR(...)
#endif
#ifndef INFO
#define INFO(...)
#endif
#ifndef END_ERROR
#define END_ERROR(...)
#endif
#ifndef METHOD
#define METHOD(...)
#endif
#ifndef IN
#define IN(...)
#endif
#ifndef OUT
#define OUT(...)
#endif
#ifndef END_METHOD
#define END_METHOD(...)
#endif
#ifndef VERB
#define VERB(...)
#endif
#ifndef WORD
#define WORD(...)
#endif
#ifndef OPTION
#define OPTION(...)
#endif
#ifndef PART
#define PART(...)
#endif
#ifndef END_VERB
#define END_VERB(...)
#endif
#include "control/control.def"
#undef INTERFACE
#undef ENUM
#undef VALUE
#undef END_ENUM
#undef STRUCT
#undef FIELD
#undef END_STRUCT
#undef ERROR
#undef INFO
#undef END_ERROR
#undef METHOD
#undef IN
#undef OUT
#undef END_METHOD
#undef VERB
#undef WORD
#undef OPTION
#undef PART
#undef END_VERB
