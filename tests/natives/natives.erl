%% SPDX-License-Identifier: Apache-2.0
%% Runs on the genuine OTP: prints the functions that are native there, and how many conformance cases call each.
%% A line each: module:function/arity CASES. Native is what the emulator says is built in, and what is a module's NIF, loaded or named in -nifs().
-module(natives).
-export([main/0]).

main() ->
    Folders = [filename:dirname(code:which(M)) || M <- [kernel, lists, compile, prim_file]]
        ++ filelib:wildcard(filename:join(code:root_dir(), "{lib,.}/erts-*/ebin")),
    Files = lists:usort([F || D <- Folders, is_list(D), F <- filelib:wildcard(filename:join(D, "*.beam"))]),
    Modules = lists:usort([list_to_atom(filename:basename(F, ".beam")) || F <- Files]),
    Natives = lists:usort(lists:append([natives(M) || M <- Modules])),
    Calls = lists:foldl(fun(F, Acc) -> calls(F, Acc) end, #{}, filelib:wildcard("*_cases.beam")),
    [io:format("~ts:~ts/~w ~w~n", [M, F, A, maps:get({M, F, A}, Calls, 0)]) || {M, F, A} <- Natives],
    halt(0).

natives(M) ->
    case code:ensure_loaded(M) of
        {module, M} ->
            Nifs = [FA || {nifs, L} <- M:module_info(attributes), FA <- L] ++ erlang:get_module_info(M, nifs),
            [{M, F, A} || {F, A} <- Nifs] ++ [{M, F, A} || {F, A} <- M:module_info(exports), erlang:is_builtin(M, F, A), F =/= module_info];
        _ -> []
    end.

%% Each case counts once for a function, whatever calls it makes on its way inside its module's helper functions are not followed.
calls(File, Acc) ->
    {beam_file, _, Exports, _, _, Functions} = beam_disasm:file(File),
    Cases = sets:from_list([{F, A} || {F, A, _} <- Exports]),
    lists:foldl(fun({function, F, A, _, Code}, Acc1) ->
        case sets:is_element({owner(F), 0}, Cases) orelse sets:is_element({F, A}, Cases) of
            true -> lists:foldl(fun(K, Acc2) -> maps:update_with(K, fun(N) -> N + 1 end, 1, Acc2) end, Acc1,
                                lists:usort(lists:flatmap(fun call/1, Code)));
            false -> Acc1
        end
    end, Acc, Functions).

%% A fun of a case is the case's.
owner(F) ->
    case re:run(atom_to_list(F), "^-(.*)/[0-9]+-", [{capture, all_but_first, list}, unicode]) of
        {match, [O]} -> list_to_atom(O);
        _ -> F
    end.

call(I) when element(1, I) =:= call_ext; element(1, I) =:= call_ext_only; element(1, I) =:= call_ext_last -> mfa(element(3, I));
call({bif, F, _, Args, _}) when is_list(Args) -> [{erlang, F, length(Args)}];
call({gc_bif, F, _, _, Args, _}) when is_list(Args) -> [{erlang, F, length(Args)}];
call({test, F, _, Args}) when is_list(Args) -> [{erlang, F, length(Args)}];
call(send) -> [{erlang, '!', 2}];
call(_) -> [].

mfa({extfunc, M, F, A}) -> [{M, F, A}];
mfa(_) -> [].
