DROP TABLE plinth_journal;
