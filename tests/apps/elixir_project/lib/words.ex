defmodule Shop.Words do
  defmacro __using__(words) do
    words = Enum.map(words, &Atom.to_string/1)
    quote do
      @words unquote(words)
      def words, do: @words
    end
  end
end
