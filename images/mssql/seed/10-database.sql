-- sqlcmd replaces $(NAME) with values from the environment. An interrupted seeding starts again.
IF DB_ID(N'$(SQL_DATABASE)') IS NOT NULL
    DROP DATABASE [$(SQL_DATABASE)];
GO
CREATE DATABASE [$(SQL_DATABASE)];
GO
ALTER DATABASE [$(SQL_DATABASE)] SET RECOVERY SIMPLE;
GO
USE [$(SQL_DATABASE)];
GO
CREATE SCHEMA [customer];
GO
