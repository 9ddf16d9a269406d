%% SPDX-License-Identifier: Apache-2.0
%% A module of whose tests many fail, each in another way.
-module(pocket).
-include_lib("eunit/include/eunit.hrl").
-compile(nowarn_export_all).
-compile(export_all).

fine_test() -> ok.
equal_test() -> ?assertEqual([#{b => [1, 2.5, "text"]}], id([#{b => []}])).
match_test() -> ?assertMatch({ok, [_ | _]}, id({ok, []})).
assert_test() -> ?assert(id(1) > 2).
assert_not_test() -> ?assertNot(id(true)).
comment_test() -> ?assertEqual(1, id(2), "one is one").
exception_test() -> ?assertException(error, badarith, id(1) + 1).
wrong_exception_test() -> ?assertError(badarith, atom_to_list(id(1))).
error_test() -> error({my, "reason", <<"œ"/utf8>>}).
throw_test() -> throw(ball).
exit_test() -> exit(gone).
badmatch_test() -> {ok, _} = id(error).
function_clause_test() -> one(id(2)).
undef_test() -> no_module:no_function(1, 2).
arithmetic_test() -> id(1) / id(0).
map_test() -> maps:get(key, id(#{})).
binary_test() -> <<(id(-1)):(id(a))>>.
timeout_test_() -> {timeout, 0.1, ?_test(timer:sleep(60000))}.
output_test() -> io:format("before it fails ~ts~n", ["œuf"]), error(after_output).
killed_test_() -> {spawn, ?_test(exit(self(), kill))}.
setup_fails_test_() -> {setup, fun() -> error(in_setup) end, fun(_) -> ok end, fun(_) -> [?_test(ok)] end}.
cleanup_fails_test_() -> {setup, fun() -> ok end, fun(_) -> error(in_cleanup) end, fun(_) -> [?_test(ok)] end}.
generator_test_() -> [{"number " ++ integer_to_list(N), ?_assertEqual(0, N rem 3)} || N <- lists:seq(1, 4)].
bad_generator_test_() -> this_is_no_test.
generator_fails_test_() -> error(in_generator).
linked_test() -> process_flag(trap_exit, true), P = spawn_link(fun() -> exit(oops) end), ?assertEqual(ok, receive {'EXIT', P, R} -> R end).
cmd_test() -> ?assertCmdOutput("hello\n", "echo hello").
cmd_fails_test() -> ?assertCmdStatus(0, "exit 3").

one(1) -> ok.
id(X) -> X.
