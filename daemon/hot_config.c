/* SPDX-License-Identifier: Apache-2.0 */
/* The applications' environment at a hot change: what OTP's release_handler does with application_controller, as an Erlang script that the
 * service runs by file:script/1 when its new code is current. Of an OTP release all applications get what its boot script and its sys.config
 * say; of other artifacts, which have no such thing, those whose .app has changed. Callbacks config_change/3 hear of it. */
#include "service_impl.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Erlang's text of a path. */
static void put_path(FILE *out, const char *tree, const char *path, const char *end)
{
	const char *parts[] = { tree, "/", path, end };
	fputc('"', out);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		for (const char *c = parts[i]; *c != '\0'; c++) {
			if (*c == '"' || *c == '\\')
				fputc('\\', out);
			fputc(*c, out);
		}
	}
	fputc('"', out);
}

static void put_folders(FILE *out, const struct release *release)
{
	fputs("[f", out);
	for (size_t i = 0; release->code_paths != NULL && release->code_paths[i] != NULL; i++) {
		fputs(", ", out);
		put_path(out, release->tree, release->code_paths[i], "");
	}
	fputc(']', out);
}

/* Whether a configuration is what it says: it has no variables that a start script fills in, and no program that changes it then. */
static bool is_plain(const struct release *release)
{
	char path[8192], bytes[4096];
	size_t kept = 0, length = strlen(release->config);
	bool source = length > 4 && strcmp(release->config + length - 4, ".src") == 0;
	(void)snprintf(path, sizeof(path), "%s/%s%s", release->tree, release->config,
		source ? "" : ".config"); /* cut: it does not open */
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false;
	const char *sign = source ? "${" : "RUNTIME_CONFIG=true";
	bool plain = true;
	for (size_t n; plain && (n = fread(bytes + kept, 1, sizeof(bytes) - kept, file)) > 0;) {
		size_t have = kept + n;
		plain = memmem(bytes, have, sign, strlen(sign)) == NULL;
		kept = have < strlen(sign) ? have : strlen(sign) - 1;
		memmove(bytes, bytes + have - kept, kept);
	}
	(void)fclose(file); /* it was only read */
	return plain;
}

/* Apps and Config are bound behind it. */
static void put_what(FILE *out, const struct release *old, const struct release *fresh)
{
	if (fresh->kind == RELEASE_OTP) {
		bool source = fresh->config != NULL && strstr(fresh->config, ".config.src") != NULL;
		fputs("{ok, Boot} = file:read_file(", out);
		put_path(out, fresh->tree, fresh->boot, ".boot");
		fputs("),\n{script, _, Commands} = binary_to_term(Boot),\n"
		      "Apps = [App || {apply, {application, load, [App]}} <- Commands],\n",
			out);
		fputs("Config = ", out);
		if (fresh->config == NULL) {
			fputs("[],\n", out);
			return;
		}
		fputs("case file:consult(", out);
		put_path(out, fresh->tree, fresh->config, source ? "" : ".config");
		fputs(") of {ok, [Conf]} -> Conf; _ -> [] end,\n", out);
		return;
	}
	fputs("Files = fun([f | Dirs]) -> [{filename:basename(F), B} || D <- Dirs, F <- "
	      "filelib:wildcard(\"*.app\", D),\n"
	      "\t{ok, B} <- [file:read_file(filename:join(D, F))]] end,\nOld = Files(",
		out);
	put_folders(out, old);
	fputs("),\nText = fun(B) -> case unicode:characters_to_list(B) of L when is_list(L) -> L; "
	      "_ -> binary_to_list(B) end end,\n"
	      "Apps = [App || {_, B} = File <- Files(",
		out);
	put_folders(out, fresh);
	fputs("), not lists:member(File, Old), {ok, Tokens, _} <- [erl_scan:string(Text(B))],\n"
	      "\t{ok, App} <- [erl_parse:parse_term(Tokens)]],\nConfig = [],\n",
		out);
}

int hot_config_write(
	const struct release *old, const struct release *fresh, const char *data, char **ret_path)
{
	char folder[4096];
	if (fresh->kind == RELEASE_OTP && fresh->config != NULL && !is_plain(fresh))
		return -ENOTSUP;
	(void)snprintf(folder, sizeof(folder), "%s/tmp", data); /* cut: it cannot be made */
	(void)mkdir(folder, 0750);                              /* opening says why, if it does */
	char *path = NULL;
	if (asprintf(&path, "%s/%.12s.change", folder, fresh->digest) < 0)
		return -ENOMEM;
	(void)unlink(path); /* of a change before; it may not be there */
	FILE *out = fopen(path, "wxe");
	int r = out != NULL ? 0 : -errno;
	if (r == 0) {
		fputs("%% coding: utf-8\n", out);
		put_what(out, old, fresh);
		fputs("Before = application_controller:prep_config_change(),\n"
		      "case Apps =:= [] orelse "
		      "application_controller:change_application_data(Apps, Config) of\n"
		      "\ttrue -> ok;\n\tok -> application_controller:config_change(Before);\n"
		      "\tError -> Error\nend.\n",
			out);
		r = ferror(out) ? -EIO : 0;
		if (fclose(out) != 0 && r == 0)
			r = -errno;
	}
	if (r != 0) {
		free(path);
		return r;
	}
	*ret_path = path;
	return 0;
}
