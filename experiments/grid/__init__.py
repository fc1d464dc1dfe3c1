"""Grids: tables of the papers, whose rows are run and compared with the printed figures.

The classes, in the order in which a row of a table becomes a line of a report:

- ``Grid`` and ``Row`` (`grid_file`): a table of a paper, as a YAML file, and one of its rows.
- ``Run`` (`experiments.session`): one training with its tests and predictions, in one run folder.
  `runs` turns rows into runs; rows of several tables with the same training share a run.
- ``RunTask`` (`task`): executes the missing steps of a run, each as a process of ``train.py``.
  ``SlurmTask`` also resumes the run in another job when the time limit of its job is reached.
- ``Launcher`` (`launcher`): starts runs; ``LocalLauncher`` on this machine's GPUs or CPU,
  ``SlurmLauncher`` as jobs of a cluster.
- ``RunHandle`` (`launcher`): a run that a launcher has started, to be polled, stopped or killed.
- ``Record`` (`state`): the file about the latest attempt at a run: state, message, processes.
- ``Runner`` (`runner`): executes many runs through one launcher and draws a live table.
- ``RunProgress`` (`runner`): a run's row in the live table.
- ``SeedResult`` (`results`): a row's accuracy with one seed, under one test protocol.
- ``ReportLine`` (`results`): a row under one test protocol: the paper's figures and the results of
  all seeds. `report` writes these lines as Markdown, CSV and an HTML page with plots.

A *job* is always one of the SLURM cluster.
"""
