# xmerl: parsing, XPath, export, SAX.
erl -noshell -eval '{ok, B} = file:read_file("books.xml"), {Doc, _} = xmerl_scan:string(binary_to_list(B)),
	io:format("~p~n", [[xmerl_xpath:string(P, Doc) =/= [] || P <- ["//book", "/shop/book[@year > 2000]/title/text()", "//none"]]]),
	io:format("~ts~n", [xmerl:export_simple([Doc], xmerl_xml)]),
	io:format("~p~n", [xmerl_xpath:string("count(//book)", Doc)]),
	{ok, Titles, _} = xmerl_sax_parser:stream(B, [{event_state, []}, {event_fun, fun({characters, C}, _, S) -> [string:trim(C) | S]; (_, _, S) -> S end}]),
	io:format("~tp~n", [lists:reverse(Titles)]),
	io:format("~p~n", [catch element(1, xmerl_scan:string("<a><b></a>", [{quiet, true}]))]), halt().'
