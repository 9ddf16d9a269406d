%% SPDX-License-Identifier: Apache-2.0
%% The driver of the conformance cases: runs every exported function without parameters of a module, each in
%% a process of its own, and prints one line for each on standard output, `@Module:Case => Value`, as ~ktw writes it
%% (~tw with the keys of maps in order, which is not specified otherwise).
%% The lines of the genuine OTP and of beamr are then compared by tests/conformance/run.
%%
%% A case's value may depend on nothing that two runs could differ in: no pids, no references, no times, no order
%% of large maps. It uses id/1 to hide constants from the compiler, err/1 to see an exception, stack/1 to see its stack.
-module(conformance).
-export([run/1, one/2, cases/1]).
-export([id/1, err/1, stack/1, frames/1, frames/2, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2]).
-export([matrix/2, matrix/3, message/1, plain/1, outcome/2, printed/1]).

-define(CASE_TIMEOUT, 60000). % what collects always, and sanitizers, on a busy machine
-define(MATRIX_CALLS, 120). % of each function: what collects always has to get through as well

%% All cases of a module: its exported functions without parameters whose names do not end in an underscore.
run(Module) ->
    [run_case(Module, Case) || Case <- cases(Module)],
    done.

cases(Module) ->
    [F || {F, 0} <- lists:sort(Module:module_info(exports)), F =/= module_info, lists:last(atom_to_list(F)) =/= $_].

%% One case.
one(Module, Case) -> run_case(Module, Case), done.

run_case(Module, Case) ->
    {Pid, Ref} = spawn_monitor(fun() ->
        exit({result, try Module:Case() catch C:R:S -> {raised, C, R, frames(S)} end})
    end),
    Text = receive
        {'DOWN', Ref, process, Pid, {result, Value}} -> io_lib:format("~ktw", [Value]);
        {'DOWN', Ref, process, Pid, Reason} -> io_lib:format("died: ~ktw", [Reason])
    after ?CASE_TIMEOUT ->
        exit(Pid, kill),
        receive {'DOWN', Ref, process, Pid, _} -> ok after 5000 -> ok end,
        "timeout"
    end,
    flush(),
    erlang:display_string(stdout, lists:flatten(["@", atom_to_list(Module), ":", atom_to_list(Case), " => ", Text, "\n"])).

%% Hides a value from the compiler.
id(X) -> X.

%% Class and reason of what a fun raises, or {value, Value}.
err(Fun) ->
    try Fun() of
        Value -> {value, Value}
    catch
        Class:Reason -> {Class, Reason}
    end.

%% Class, reason and the frames of the stack down to the driver's own.
stack(Fun) ->
    try Fun() of
        Value -> {value, Value}
    catch
        Class:Reason:Stack -> {Class, Reason, frames(Stack)}
    end.

%% Stack entries with file names without folder, funs in arguments hidden, and nothing of the driver.
frames(Stack) -> frames(Stack, conformance).

frames([{Stop, _, _, _} | _], Stop) -> [];
frames([{M, F, A, Info} | Rest], Stop) ->
    Extra = [case I of
                 {file, File} -> {file, list_to_atom(base(File, File))};
                 {error_info, Map} -> {error_info, sorted(Map)};
                 _ -> I
             end || I <- Info],
    [{M, F, args(A), Extra} | frames(Rest, Stop)];
frames([Other | Rest], Stop) -> [Other | frames(Rest, Stop)];
frames([], _) -> [].

base([$/ | Rest], _) -> base(Rest, Rest);
base([_ | Rest], Base) -> base(Rest, Base);
base([], Base) -> Base.

args(A) when is_list(A) -> [arg(X) || X <- A];
args(A) -> A.

arg(X) when is_function(X) -> 'fun';
arg(X) when is_pid(X) -> pid;
arg(X) when is_reference(X) -> ref;
arg(X) -> X.

%% A map as a sorted list.
sorted(Map) when is_map(Map) -> lists:sort(maps:to_list(Map));
sorted(X) -> X.

%% The value of a fun in a process of its own; {died, Reason} when that does not come.
in_process(Fun) ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({in_process, Fun()}) end),
    receive
        {'DOWN', Ref, process, Pid, {in_process, Value}} -> Value;
        {'DOWN', Ref, process, Pid, Reason} -> {died, Reason}
    end.

%% Everything in the mailbox, in order.
flush() ->
    receive M -> [M | flush()] after 0 -> [] end.

%% The next message, or none.
take() -> take(5000).
take(Time) ->
    receive M -> M after Time -> none end.

%% Waits until a process is gone; the reason that a monitor gives.
down(Pid) ->
    Ref = monitor(process, Pid),
    receive {'DOWN', Ref, process, Pid, Reason} -> Reason after 5000 -> still_there end.

%% What a process that runs the fun dies of; an error's stack is left out.
died(Fun) ->
    {Pid, Ref} = spawn_monitor(Fun),
    gone(Pid, Ref).

gone(Pid, Ref) ->
    receive
        {'DOWN', Ref, process, Pid, {Reason, [{_, _, _, _} | _]}} -> {error, Reason};
        {'DOWN', Ref, process, Pid, Reason} -> Reason
    after 5000 -> still_there end.

%% Calls many functions of a module with combinations of some values, right and wrong ones alike, all or a spread of MATRIX_CALLS. For each function: how many
%% calls gave a value, and one number made of all values and of all exceptions with their places and messages.
%% Which: all, {but, Names}, or the names (or {Name, Arity}). Pool: the values, the most telling ones first (calls with three
%% arguments use ten of them, with more than three five), or a fun that makes them anew for each call.
%% To see what the numbers are made of: tests/conformance/rows.
matrix(Module, Pool) -> matrix(Module, all, Pool).
matrix(Module, Which, Pool) ->
    {module, Module} = code_there(Module),
    [{F, A, Values, Hash} || {F, A} <- lists:sort(Module:module_info(exports)), F =/= module_info, A > 0, A < 6, chosen(F, A, Which),
        {Values, Hash} <- [product(Module, F, A, Pool, {0, 0}, fun(Args, {K, V}, {N, H}) ->
            row(Module, F, Args, K, V),
            {case K of value -> N + 1; _ -> N end, erlang:phash2({H, K, V})} end)]].

-ifdef(ROWS).
row(M, F, Args, K, V) -> erlang:display_string(stdout, unicode:characters_to_list(io_lib:format("~w:~w ~0kp => ~w ~0kp~n", [M, F, plain(Args), K, V]))).
-else.
row(_, _, _, _, _) -> ok.
-endif.

product(Module, F, A, Pool, Acc, Fun) ->
    Size = length(pool(Pool)),
    Used = if A < 3 -> Size; A =:= 3 -> min(Size, 10); true -> min(Size, 5) end,
    All = round(math:pow(Used, A)),
    counted(Module, F, A, Pool, Used, 0, min(All, ?MATRIX_CALLS), All, Acc, Fun).

%% The step has no divisor in common with the number of all combinations: none comes twice.
counted(_, _, _, _, _, N, N, _, Acc, _) -> Acc;
counted(Module, F, A, Pool, Used, I, N, All, Acc, Fun) ->
    Values = pool(Pool),
    Args = digits(A, I * 7919 rem All, Used, Values),
    counted(Module, F, A, Pool, Used, I + 1, N, All, Fun(Args, called(Module, F, Args), Acc), Fun).

pool(Pool) when is_function(Pool) -> Pool();
pool(Pool) -> Pool.

digits(0, _, _, _) -> [];
digits(A, I, Used, Values) -> [lists:nth(I rem Used + 1, Values) | digits(A - 1, I div Used, Used, Values)].

called(Module, F, Args) ->
    try apply(Module, F, Args) of
        Value -> {value, plain(Value)}
    catch
        Class:Reason:Stack -> {Class, plain({Reason, [top(E) || E <- lists:sublist(frames(Stack, ?MODULE), 2)], message({Reason, Stack})})}
    end.

top({M, F, A, Info}) -> {M, F, A, proplists:get_value(line, Info)};
top(X) -> X.

%% What error_info has OTP say of an exception.
message({Reason, [{_, _, _, Info} | _] = Stack}) ->
    case lists:keyfind(error_info, 1, Info) of
        {error_info, Map} ->
            Module = case Map of #{module := M} -> M; _ -> element(1, hd(Stack)) end,
            Function = case Map of #{function := F} -> F; _ -> format_error end,
            try Module:Function(Reason, Stack) catch C:R -> {C, R} end;
        false -> none
    end;
message(_) -> none.

%% A term without what two runs could differ in.
plain(X) when is_function(X) -> 'fun';
plain(X) when is_pid(X) -> pid;
plain(X) when is_reference(X) -> ref;
plain(X) when is_port(X) -> port;
plain([H | T]) -> [plain(H) | plain(T)];
plain(X) when is_tuple(X) -> list_to_tuple(plain(tuple_to_list(X)));
plain(X) when is_map(X) -> maps:from_list([{plain(K), plain(V)} || {K, V} <- maps:to_list(X)]);
plain(X) -> X.

chosen(_, _, all) -> true;
chosen(F, A, {but, Names}) -> not chosen(F, A, Names);
chosen(F, A, Names) -> lists:member(F, Names) orelse lists:member({F, A}, Names).

code_there(Module) ->
    _ = Module:module_info(),
    {module, Module}.

%% The value of a module's fun, or its exception with two of its frames and what error_info has OTP say of it.
outcome(Module, F) ->
    try plain(F())
    catch C:R:S -> {C, plain(R), plain(lists:sublist(frames(frames(S, Module)), 2)), plain(message({R, S}))}
    end.

%% The value of a fun, and what it and those whom it starts print, as characters.
printed(F) ->
    Old = group_leader(), Reader = spawn_link(fun() -> reader([]) end),
    group_leader(Reader, self()),
    R = try F() after group_leader(Old, self()) end,
    Reader ! {text, self()},
    receive {text, Reader, T} -> {R, T} end.
reader(Acc) ->
    receive
        {text, P} -> P ! {text, self(), lists:reverse(Acc)};
        {io_request, From, As, Rq} -> {A, Acc1} = written(Rq, Acc), From ! {io_reply, As, A}, reader(Acc1)
    end.
written({put_chars, _, T}, Acc) -> {ok, [T | Acc]};
written({put_chars, _, M, F, A}, Acc) -> {ok, [apply(M, F, A) | Acc]};
written({requests, Rs}, Acc) -> lists:foldl(fun(R, {_, A}) -> written(R, A) end, {ok, Acc}, Rs);
written(_, Acc) -> {{error, enotsup}, Acc}.
