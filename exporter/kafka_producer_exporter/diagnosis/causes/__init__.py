"""The causes by theme. Each file has the rules and, beside each rule, what a person reads about its cause."""
