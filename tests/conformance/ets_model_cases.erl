%% SPDX-License-Identifier: Apache-2.0
%% Tables against a model: many random operations on each type, walks and chunks over what is left, and large tables.
-module(ets_model_cases).
-compile([export_all, nowarn_export_all]).

next_(S) -> (S * 1103515245 + 12345) band 16#7fffffff.
key_(R) -> case R rem 7 of 0 -> R rem 50; 1 -> {R rem 30, x}; 2 -> list_to_atom("a" ++ integer_to_list(R rem 20)); 3 -> <<(R rem 40):16>>; 4 -> (R rem 30) * 1.0; 5 -> (1 bsl 70) + R rem 10; 6 -> lists:duplicate(R rem 5, R rem 3) end.
set() -> run_(ets:new(t, [set]), set, #{}, 20000, 17).
ordered_set() -> run_(ets:new(t, [ordered_set]), ordered_set, #{}, 20000, 17).
bag() -> run_(ets:new(t, [bag]), bag, #{}, 20000, 17).
duplicate_bag() -> run_(ets:new(t, [duplicate_bag]), duplicate_bag, #{}, 20000, 17).
eqk_(ordered_set, K) when is_float(K) -> trunc(K);
eqk_(_, K) -> K.
run_(T, Ty, M, 0, _) ->
  Objs = lists:append(maps:values(M)), L = ets:tab2list(T),
  true = lists:sort([{element(1,O),is_float(element(1,O)),O}||O<-Objs]) =:= lists:sort([{element(1,O),is_float(element(1,O)),O}||O<-L]), true = length(L) =:= ets:info(T,size),
  W = walk_(T, ets:first(T), []), true = length(W) =:= maps:size(M), true = lists:sort([{eqk_(Ty,K),is_float(eqk_(Ty,K))}||K<-W]) =:= lists:sort([{K,is_float(K)}||K<-maps:keys(M)]),
  W2 = if Ty =:= ordered_set -> walkb_(T, ets:last(T), []); true -> W end, true = (Ty =/= ordered_set) orelse (lists:reverse(W) =:= W2 andalso lists:reverse(W)=:=lists:sort(W2)),
  C = chunks_(ets:select(T,[{'$1',[],['$1']}],7),[]), true = lists:sort([{element(1,O),is_float(element(1,O)),O}||O<-lists:append(C)]) =:= lists:sort([{element(1,O),is_float(element(1,O)),O}||O<-L]),
  true = lists:all(fun(X) -> length(X) =:= 7 end, tl_(C)),
  ets:delete(T), {length(L), erlang:phash2(lists:sort([{element(1,O),is_float(element(1,O)),O}||O<-L]))};
run_(T, Ty, M, N, S) ->
  S1 = next_(S), S2 = next_(S1), K = key_(S1 bsr 5), EK = eqk_(Ty,K), V = (S2 bsr 7) rem 4, O = {K, V, [S2 rem 3, {V}]},
  Old = maps:get(EK, M, []),
  M2 = case (S2 bsr 11) rem 10 of
    X when X < 5 -> ets:insert(T, O), M#{EK => case Ty of bag -> case lists:member(O,Old) of true -> Old; _ -> Old ++ [O] end; duplicate_bag -> Old ++ [O]; _ -> [O] end};
    5 -> ets:delete(T, K), maps:remove(EK, M);
    6 -> ets:delete_object(T, O), case [Y||Y<-Old, Y =/= O] of [] -> maps:remove(EK,M); Z -> M#{EK=>Z} end;
    7 -> Old = ets:take(T,K), maps:remove(EK, M);
    8 -> case ets:select_delete(T,[{{K,V,'_'},[],[true]}]) of _ -> case [Y||Y={YK,YV,_}<-Old, not (YK =:= K andalso YV =:= V)] of [] -> maps:remove(EK,M); Z -> M#{EK=>Z} end end;
    9 -> R = ets:insert_new(T,O), R = (Old =:= []), case R of true -> M#{EK=>[O]}; false -> M end
  end,
  Now = maps:get(EK, M2, []),
  Now = ets:lookup(T, K),
  true = ets:member(T, K) =:= (Now =/= []),
  run_(T, Ty, M2, N-1, S2).
tl_([]) -> []; tl_([_|R]) -> R.
chunks_('$end_of_table', A) -> A; chunks_({L,C}, A) -> chunks_(ets:select(C), [L|A]).
walk_(_, '$end_of_table', A) -> A; walk_(T, K, A) -> walk_(T, ets:next(T,K), [K|A]).
walkb_(_, '$end_of_table', A) -> A; walkb_(T, K, A) -> walkb_(T, ets:prev(T,K), [K|A]).
large() -> [begin T = ets:new(t,[Ty,public]), fill_(T,100000), 
   A = ets:select_count(T,[{{'$1','_'},[{'=:=',{'rem','$1',3},0}],[true]}]),
   B = length(ets:match(T,{'_','$1'})), L = ets:select(T,[{{'$1','_'},[],['$1']}]), S = lists:sum(L),
   Asc = Ty =/= ordered_set orelse L =:= lists:sort(L), Rev = Ty =/= ordered_set orelse ets:select_reverse(T,[{{'$1','_'},[],['$1']}]) =:= lists:reverse(L),
   D = ets:select_delete(T,[{{'$1','_'},[{'<','$1',50000}],[true]}]), Rp = ets:select_replace(T,[{{'$1','$2'},[],[{{'$1',z}}]}]),
   F = ets:foldl(fun({K,z},Ac)->K+Ac end,0,T), 
   G = [ets:delete(T,K) || K <- lists:seq(50000,99000)], Sz = ets:info(T,size), true = lists:sort(ets:tab2list(T)) =:= [{K,z}||K<-lists:seq(99001,100000)],
   Da = ets:internal_delete_all(T,undefined), fill_(T,1000), 
   R = {Ty,A,B,S,Asc,Rev,D,Rp,F,length(G),Sz,Da,ets:info(T,size)}, ets:delete(T), R end || Ty <- [set,ordered_set,duplicate_bag]].
fill_(_,0)->ok; fill_(T,N)->ets:insert(T,{N,{v,N}}),fill_(T,N-1).
