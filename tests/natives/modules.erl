%% SPDX-License-Identifier: Apache-2.0
%% Runs on the genuine OTP: prints for each module of kernel and stdlib how many functions it exports and which of them conformance cases call.
%% A line each: module EXPORTED CALLED CASES missing/arity,... A case calls what it, its funs and the helper functions of its module
%% call; a fun of an exported function counts, and so do {Module, Function, Arguments} in a constant, and every function of a module
%% that conformance:matrix/2,3 is called with.
-module(modules).
-export([main/0]).

main() ->
    Files = lists:append([filelib:wildcard(filename:join(filename:dirname(code:which(M)), "*.beam")) || M <- [kernel, lists]])
        ++ [F || M <- [erlang, init, erts_internal, prim_file, prim_eval, prim_buffer, zlib, erl_prim_loader, atomics, counters, persistent_term, erl_tracer],
                 F <- filelib:wildcard(filename:join(code:root_dir(), "{lib,.}/erts-*/ebin/" ++ atom_to_list(M) ++ ".beam"))],
    Exports = maps:from_list([exports(F) || F <- lists:usort(Files)]),
    Calls = lists:foldl(fun(F, Acc) -> calls(F, Exports, Acc) end, #{}, filelib:wildcard("*_cases.beam")),
    [begin
         Called = [FA || {F, A} = FA <- Es, is_map_key({M, F, A}, Calls)],
         Cases = lists:usort([C || {F, A} <- Called, C <- maps:get({M, F, A}, Calls)]),
         Rest = [io_lib:format("~ts/~w", [F, A]) || {F, A} <- Es -- Called],
         io:format("~ts ~w ~w ~w ~ts~n", [M, length(Es), length(Called), length(Cases), lists:join(",", Rest)])
     end || {M, Es} <- lists:sort(maps:to_list(Exports))],
    halt(0).

exports(File) ->
    {ok, {M, [{exports, Es}]}} = beam_lib:chunks(File, [exports]),
    {M, [E || {F, _} = E <- Es, F =/= module_info, F =/= behaviour_info]}.

calls(File, Exports, Acc) ->
    {beam_file, Module, Exported, _, _, Functions} = beam_disasm:file(File),
    Direct = maps:from_list([{{F, A}, lists:flatmap(fun(I) -> call(I, Exports) end, Code) ++ matrix(Code, Exports)} || {function, F, A, _, Code} <- Functions]),
    Local = maps:from_list([{{F, A}, [FA || I <- Code, FA <- local(I, Module)]} || {function, F, A, _, Code} <- Functions]),
    lists:foldl(fun(Case, Acc1) ->
        Reached = reach([Case], Local, #{}),
        Called = lists:usort(lists:append([maps:get(FA, Direct, []) || FA <- maps:keys(Reached)])),
        lists:foldl(fun(MFA, Acc2) -> maps:update_with(MFA, fun(L) -> [{Module, Case} | L] end, [{Module, Case}], Acc2) end, Acc1, Called)
    end, Acc, [{F, 0} || {F, 0, _} <- Exported, F =/= module_info, lists:last(atom_to_list(F)) =/= $_]).

reach([], _, Seen) -> Seen;
reach([FA | Rest], Local, Seen) when is_map_key(FA, Seen) -> reach(Rest, Local, Seen);
reach([FA | Rest], Local, Seen) -> reach(maps:get(FA, Local, []) ++ Rest, Local, Seen#{FA => x}).

local(I, M) when is_tuple(I) -> lists:flatmap(fun(E) -> local_operand(E, M) end, tuple_to_list(I));
local(_, _) -> [].
local_operand({M, F, A}, M) when is_atom(F), is_integer(A) -> [{F, A}];
local_operand({extfunc, M, F, A}, M) -> [{F, A}];
local_operand({literal, L}, M) -> [{F, A} || {N, F, A} <- funs(L, #{}), N =:= M];
local_operand(_, _) -> [].

call(I, Exports) when element(1, I) =:= call_ext; element(1, I) =:= call_ext_only; element(1, I) =:= call_ext_last ->
    mfa(element(3, I)) ++ literals(I, Exports);
call({bif, F, _, Args, _} = I, Exports) when is_list(Args) -> [{erlang, F, length(Args)} | literals(I, Exports)];
call({gc_bif, F, _, _, Args, _}, _) when is_list(Args) -> [{erlang, F, length(Args)}];
call({test, F, _, Args}, _) when is_list(Args) -> [{erlang, F, length(Args)}];
call(send, _) -> [{erlang, '!', 2}];
call(I, Exports) -> literals(I, Exports).

%% What conformance:matrix calls: all functions of the modules that it is given by name.
matrix(Code, Exports) ->
    case [x || I <- Code, is_tuple(I), {extfunc, conformance, matrix, _} <- tuple_to_list(I)] of
        [] -> [];
        _ -> [{M, F, A} || {move, {atom, M}, {x, 0}} <- Code, is_map_key(M, Exports), {F, A} <- maps:get(M, Exports)]
    end.

mfa({extfunc, M, F, A}) -> [{M, F, A}];
mfa(_) -> [].

literals({literal, L}, Exports) -> funs(L, Exports);
literals(I, Exports) when is_tuple(I) -> lists:flatmap(fun(E) -> literals(E, Exports) end, tuple_to_list(I));
literals([H | T], Exports) -> literals(H, Exports) ++ literals(T, Exports);
literals(_, _) -> [].

funs(F, _) when is_function(F) ->
    case erlang:fun_info(F, type) of
        {type, external} ->
            [{element(2, erlang:fun_info(F, module)), element(2, erlang:fun_info(F, name)), element(2, erlang:fun_info(F, arity))}];
        _ -> []
    end;
funs({M, F, A} = T, Exports) when is_atom(M), is_atom(F), is_list(A) ->
    case Exports of
        #{M := Es} ->
            N = try length(A) catch _:_ -> -1 end,
            [{M, F, N} || lists:member({F, N}, Es)] ++ funs(tuple_to_list(T), Exports);
        _ -> funs(tuple_to_list(T), Exports)
    end;
funs(T, Exports) when is_tuple(T) -> funs(tuple_to_list(T), Exports);
funs([H | T], Exports) -> funs(H, Exports) ++ funs(T, Exports);
funs(M, Exports) when is_map(M) -> funs(maps:to_list(M), Exports);
funs(_, _) -> [].
