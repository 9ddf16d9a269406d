%% SPDX-License-Identifier: Apache-2.0
%% Accounts in mnesia.
-module(bank).
-export([create/0, work/0, again/0]).
-record(account, {id, owner, balance = 0}).
-record(note, {id, text}).

create() ->
    ok = mnesia:create_schema([node()]),
    ok = mnesia:start(),
    p(mnesia:create_table(account, [{disc_copies, [node()]}, {attributes, record_info(fields, account)}, {index, [owner]}])),
    p(mnesia:create_table(note, [{disc_only_copies, [node()]}, {attributes, record_info(fields, note)}])),
    p(mnesia:create_table(counter, [{ram_copies, [node()]}])),
    p(mnesia:create_table(log, [{ram_copies, [node()]}, {type, ordered_set}, {attributes, [n, what]}])).

work() ->
    p(mnesia:transaction(fun() -> [mnesia:write(#account{id = N, owner = lists:nth(N rem 3 + 1, [ann, bob, cid]), balance = 100}) || N <- lists:seq(1, 9)], done end)),
    p(transfer(1, 2, 30)),
    p(transfer(1, 2, 300)),
    p(mnesia:transaction(fun() -> mnesia:abort(no) end)),
    p(element(1, mnesia:transaction(fun() -> error(oops) end))),
    p(lists:sort(mnesia:dirty_index_read(account, ann, #account.owner))),
    p(mnesia:dirty_read(account, 2)),
    p([mnesia:dirty_update_counter(counter, hits, 5) || _ <- [1, 2, 3]]),
    %% Many at once take from one account: none is lost.
    Parent = self(),
    Pids = [spawn_link(fun() -> Parent ! {self(), transfer(3, 4, 1)} end) || _ <- lists:seq(1, 50)],
    p(length([ok || P <- Pids, ok <- [receive {P, {atomic, ok}} -> ok end]])),
    p([B || N <- [3, 4], #account{balance = B} <- mnesia:dirty_read(account, N)]),
    p(mnesia:transaction(fun() -> mnesia:write(#note{id = 1, text = <<"kept on disk é"/utf8>>}) end)),
    [mnesia:dirty_write({log, N, N * N}) || N <- lists:seq(1, 20)],
    p(mnesia:dirty_select(log, [{{log, '$1', '$2'}, [{'>', '$2', 300}], ['$1']}])),
    {atomic, Sum} = mnesia:transaction(fun() -> mnesia:foldl(fun(#account{balance = B}, S) -> S + B end, 0, account) end),
    p(Sum),
    p(mnesia:table_info(account, size)),
    p(mnesia:backup("backup")),
    p(mnesia:stop()).

again() ->
    ok = mnesia:start(),
    p(mnesia:wait_for_tables([account, note], 10000)),
    p(mnesia:dirty_read(account, 2)),
    p(mnesia:dirty_read(note, 1)),
    p(mnesia:transaction(fun() -> mnesia:select(account, [{#account{id = '$1', owner = bob, _ = '_'}, [], ['$1']}]) end)),
    p(mnesia:clear_table(account)),
    p(mnesia:table_info(account, size)),
    {atomic, Restored} = mnesia:restore("backup", []), p(lists:sort(Restored)),
    p(mnesia:table_info(account, size)),
    p(mnesia:stop()).

transfer(From, To, Sum) ->
    mnesia:transaction(fun() ->
        [A] = mnesia:read(account, From, write),
        [B] = mnesia:read(account, To, write),
        A#account.balance >= Sum orelse mnesia:abort(too_little),
        mnesia:write(A#account{balance = A#account.balance - Sum}),
        mnesia:write(B#account{balance = B#account.balance + Sum})
    end).

p(X) -> io:format("~tp~n", [X]).
