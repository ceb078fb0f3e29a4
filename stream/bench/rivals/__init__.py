"""The same job in what others would write it with: stock Faust, Quix Streams, and a plain loop over aiokafka.

``faust_app``, ``quix_app`` and ``aiokafka_loop`` are the programs, each with its pinned requirements beside it;
``customer_job`` is what all three compute, and all of ours that they see. They are run as scripts, each in an
environment of its own (``environments``). ``roster`` lists them, ``race`` measures them, and ``verdicts`` says on which
payments each has to alert.
"""
