/* SPDX-License-Identifier: Apache-2.0 */
/* Prints interfaces from the tables, in a form that varlinkctl validate-idl takes. */
#include "control/describe.h"

#include <stdio.h>
#include <stdlib.h>

static void print_fields(FILE *out, const struct control_field *fields, size_t count, int depth);

static void print_type(FILE *out, const struct control_field *field, int depth)
{
	static const char *const prefixes[] = {
		[CONTROL_ONE] = "",
		[CONTROL_OPTIONAL] = "?",
		[CONTROL_LIST] = "[]",
		[CONTROL_OPTIONAL_LIST] = "?[]",
		[CONTROL_OPTIONAL_MAP] = "?[string]",
	};
	fputs(prefixes[field->cardinality], out);
	switch (field->type) {
	case CONTROL_BOOL:
		fputs("bool", out);
		break;
	case CONTROL_INT:
		fputs("int", out);
		break;
	case CONTROL_FLOAT:
		fputs("float", out);
		break;
	case CONTROL_STRING:
		fputs("string", out);
		break;
	case CONTROL_OBJECT:
		fputs("object", out);
		break;
	case CONTROL_ENUM:
		for (size_t i = 0; i < control_enums[field->sub].count; i++)
			fprintf(out, "%s%s", i == 0 ? "(" : ", ",
				control_enums[field->sub].wires[i]);
		fputc(')', out);
		break;
	case CONTROL_STRUCT:
		if (control_structs[field->sub].form == CONTROL_NAMED)
			fputs(control_structs[field->sub].wire, out);
		else
			print_fields(out, control_structs[field->sub].fields,
				control_structs[field->sub].count, depth + 1);
		break;
	}
}

static void indent(FILE *out, int depth)
{
	for (int i = 0; i < depth; i++)
		fputs("  ", out);
}

static void print_fields(FILE *out, const struct control_field *fields, size_t count, int depth)
{
	if (count == 0) {
		fputs("()", out);
		return;
	}
	fputs("(\n", out);
	for (size_t i = 0; i < count; i++) {
		indent(out, depth + 1);
		fprintf(out, "# %s\n", fields[i].doc);
		indent(out, depth + 1);
		fprintf(out, "%s: ", fields[i].wire);
		print_type(out, &fields[i], depth);
		fputs(i + 1 < count ? ",\n" : "\n", out);
	}
	indent(out, depth);
	fputc(')', out);
}

char *describe_interface(enum control_interface_id id)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	if (out == NULL)
		return NULL;
	fprintf(out, "# %s\ninterface %s\n", control_interfaces[id].doc,
		control_interfaces[id].wire);
	for (int i = 0; i < CONTROL_STRUCTS; i++) {
		const struct control_struct *type = &control_structs[i];
		if (type->interface != id || type->form == CONTROL_INLINE)
			continue;
		fprintf(out, "\n# %s\ntype %s ", type->doc, type->wire);
		print_fields(out, type->fields, type->count, 0);
		fputc('\n', out);
	}
	for (int i = 0; i < CONTROL_METHODS; i++) {
		const struct control_method *method = &control_methods[i];
		if (method->interface != id)
			continue;
		fprintf(out, "\n# %s\nmethod %s", method->doc, method->wire);
		print_fields(out, method->in, method->in_count, 0);
		fputs(" -> ", out);
		print_fields(out, method->out, method->out_count, 0);
		fputc('\n', out);
	}
	for (int i = 0; i < CONTROL_ERRORS; i++) {
		const struct control_error *error = &control_errors[i];
		if (error->interface != id)
			continue;
		fprintf(out, "\n# %s\nerror %s ", error->doc, error->wire);
		print_fields(out, error->fields, error->count, 0);
		fputc('\n', out);
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
