{application, colour, [{vsn, "1.0"}]}.
